import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { listenPort, nextOrigin } from './arguments.ts';
import { forwardedFields } from './forwarded.ts';

const app = fastify({ keepAliveTimeout: 3_600_000, bodyLimit: 50 * 1024 * 1024 });
await app.register(httpProxy, {
  upstream: '',
  websocket: true,
  wsUpstream: nextOrigin().replace('http', 'ws'),
  disableRequestLogging: true,
  undici: { connections: 4096, pipelining: 1, keepAliveTimeout: 60_000 },
  replyOptions: {
    getUpstream: nextOrigin,
    rewriteRequestHeaders: (request, headers) => ({
      ...headers,
      host: request.headers.host,
      ...forwardedFields(request.raw.socket, request.headers.host),
    }),
  },
});
await app.listen({ port: listenPort, host: '127.0.0.1', backlog: 4096 });
