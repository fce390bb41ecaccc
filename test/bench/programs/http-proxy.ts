import http from 'node:http';
import httpProxy from 'http-proxy';
import { listenPort, nextOrigin } from './arguments.ts';
import { setForwarded } from './forwarded.ts';

const proxy = httpProxy.createProxyServer({ agent: new http.Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, reply) => reply.destroy());

const server = http.createServer({ keepAliveTimeout: 3_600_000 }, (request, reply) => {
  setForwarded(request);
  proxy.web(request, reply, { target: nextOrigin() });
});
server.on('upgrade', (request, socket, head) => {
  setForwarded(request);
  proxy.ws(request, socket, head, { target: nextOrigin() });
});
server.listen({ port: listenPort, host: '127.0.0.1', backlog: 4096 });
