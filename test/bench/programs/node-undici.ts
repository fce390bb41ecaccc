import http from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { Agent } from 'undici';
import { listenPort, nextOrigin } from './arguments.ts';
import { forwardedFields } from './forwarded.ts';

const agent = new Agent({ pipelining: 1, connections: 4096, keepAliveTimeout: 60_000 });

const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade']);

const server = http.createServer({ keepAliveTimeout: 3_600_000 }, forward);
server.on('upgrade', tunnel);
server.listen({ port: listenPort, host: '127.0.0.1', backlog: 4096 });

function forward(request: IncomingMessage, reply: ServerResponse): void {
  const hasBody = 'content-length' in request.headers || 'transfer-encoding' in request.headers;
  agent.stream(
    {
      origin: nextOrigin(),
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers: { ...endToEnd(request.headers), ...forwardedFields(request.socket, request.headers.host) },
      body: hasBody ? request : null,
    },
    ({ statusCode, headers }) => {
      reply.writeHead(statusCode, endToEnd(headers));
      return reply;
    },
    (error) => {
      if (error !== null) reply.destroy();
    },
  );
}

/** Fields without those that are about one connection (RFC 9110 7.6.1). */
function endToEnd(fields: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in fields) if (!HOP_BY_HOP.has(name)) kept[name] = fields[name];
  return kept;
}

/** Sends the request as it came and then bytes both ways. */
function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
  const { hostname, port } = new URL(nextOrigin());
  const socket = net.connect(Number(port), hostname, () => {
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2)
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    for (const [name, value] of Object.entries(forwardedFields(request.socket, request.headers.host)))
      lines.push(`${name}: ${value}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.write(head);
    socket.pipe(client).pipe(socket);
  });
  socket.on('error', () => client.destroy());
  client.on('error', () => socket.destroy());
}
