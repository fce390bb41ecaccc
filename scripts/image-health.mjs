/**
 * Health check of the container image: exit code 0 when the first listener answers `GET /` with anything HTTP, 404 and 503 as
 * well, within two seconds.
 */
import { request } from 'node:http';

const listen = (process.env.ELB_LISTEN ?? ':80').split(',')[0].trim();
const port = Number(listen.slice(listen.lastIndexOf(':') + 1));
const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
const wildcards = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };
const target = listen.startsWith('unix:')
  ? { socketPath: listen.slice('unix:'.length) }
  : { host: wildcards[host] ?? host, port };

request({ ...target, path: '/', timeout: 2000, agent: false })
  .on('response', () => process.exit(0))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
