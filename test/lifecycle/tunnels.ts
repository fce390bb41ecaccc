import { startElb } from '../fixtures/elb.ts';
import { OpenSockets, startEcho } from '../fixtures/web-sockets.ts';

export interface TunnelsReport {
  readonly opened: number;
  readonly changes: number;
  /** Tunnels that still carried a message there and back after the last change. */
  readonly answering: number;
}

/** Keeps tunnels of one domain open while other domains and upstreams are changed. */
export async function tunnels(count: number, changes: number, workers: number): Promise<TunnelsReport> {
  const echo = await startEcho();
  const file = {
    domains: { 'ws.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'echo' } } } } },
    upstreams: { echo: { [echo.address]: '' } },
  };
  const elb = await startElb({ file, env: { ELB_WORKERS: String(workers), ELB_DRAIN: '1s' } });
  try {
    const sockets = await OpenSockets.open(elb.url.replace('http', 'ws'), 'ws.test', count);
    for (let i = 0; i < changes; i++) {
      const graph = {
        init: 'r',
        rules: { r: { type: 'backend', args: { servername: `u${i % 7}`, 'X-Change': `${i}` } } },
      };
      if (i % 3 === 2) await elb.admin('DELETE', 'domain', [`d${i - 1}.test`]);
      else if (i % 3 === 1) await elb.admin('PUT', 'domain', { [`d${i}.test`]: graph });
      else await elb.admin('PUT', 'upstream', { [`u${i % 7}`]: { [`127.0.0.1:${1 + (i % 9)}`]: '' } });
    }
    const answering = await sockets.answering();
    sockets.close();
    return { opened: count, changes, answering };
  } finally {
    await elb.stop();
    echo.stop();
  }
}
