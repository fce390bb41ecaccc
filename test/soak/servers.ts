import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

/** A server of the soak: its port, and how many clients it has. */
export interface SoakServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Text of a large reply. */
export const LARGE = 'a large reply '.repeat(20_000);

/**
 * Answers with its name: `/echo...` the path; `/large` much; `/slow` a little every 50 ms; a POST the number of bytes it got. Sends
 * every WebSocket message back.
 */
export async function startGoodServer(name: string): Promise<SoakServer> {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = http.createServer((request, response) => {
    response.setHeader('X-Server', name);
    void answer(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('message', (data, isBinary) => accepted.send(data, { binary: isBinary }));
      accepted.on('error', () => accepted.terminate());
    });
  });
  server.keepAliveTimeout = 60_000;
  const port = await listening(server);
  return {
    port,
    stop: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await closed(server);
    },
  };
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'POST') {
    let bytes = 0;
    for await (const part of request) bytes += (part as Buffer).length; // no encoding is set
    response.end(String(bytes));
  } else if (path === '/large') response.end(LARGE);
  else if (path === '/slow') {
    for (let part = 0; part < 5; part++) {
      await delay(50);
      response.write('drip ');
    }
    response.end('done');
  } else response.end(path);
}

/** Fails in another way at each connection: closes, resets, talks rubbish, stops in the middle of a head or a body. */
export async function startFailingServer(): Promise<SoakServer> {
  let connections = 0;
  const server = net.createServer((socket) => {
    const way = connections++ % WAYS.length;
    socket.on('error', () => socket.destroy());
    socket.once('data', () => WAYS[way]?.(socket));
  });
  const port = await listening(server);
  return { port, stop: () => closed(server) };
}

const WAYS: readonly ((socket: net.Socket) => void)[] = [
  (socket) => socket.end(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end('rubbish\r\n\r\n'),
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  (socket) => socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops'),
];

async function listening(server: net.Server): Promise<number> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
