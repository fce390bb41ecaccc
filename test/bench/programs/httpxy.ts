import http from 'node:http';
import type { Socket } from 'node:net';
import { createProxyServer } from 'httpxy';
import { listenPort, nextOrigin } from './arguments.ts';
import { setForwarded } from './forwarded.ts';

const proxy = createProxyServer({ agent: new http.Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, reply) => reply?.destroy());

const server = http.createServer({ keepAliveTimeout: 3_600_000 }, (request, reply) => {
  setForwarded(request);
  void proxy.web(request, reply, { target: nextOrigin() });
});
server.on('upgrade', (request, socket, head) => {
  setForwarded(request);
  // A plain HTTP server hands over the socket it accepted.
  void proxy.ws(request, socket as Socket, { target: nextOrigin() }, head);
});
server.listen({ port: listenPort, host: '127.0.0.1', backlog: 4096 });
