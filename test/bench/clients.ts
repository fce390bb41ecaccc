import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HOST, requestText } from './request.ts';
import type { LoadResult } from './load.ts';
import { percentilesOf } from './percentiles.ts';
import { PATHS } from './servers.ts';

/** Resolves when a peer answers with what a server says: some listen before they know their domains. */
export async function untilReady(port: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const status = await replyStatus(port);
    if (status === 200) return;
    if (performance.now() > deadline) throw new Error(`still answers ${status} after ${withinMs} ms`);
    await delay(50);
  }
}

/** Status of the reply to one request of the kind that load is made of. */
async function replyStatus(port: number): Promise<number> {
  const request = http.get({ port, host: '127.0.0.1', path: PATHS.small, headers: { host: HOST }, agent: false });
  // The event hands over the reply.
  const [reply] = (await once(request, 'response')) as [http.IncomingMessage];
  reply.resume();
  return reply.statusCode ?? 0;
}

/** Connections that stay open until they are closed together. */
export interface OpenClients {
  readonly count: number;
  close(): void;
}

/** Clients that have each had one reply and are silent since. */
export async function openIdleClients(port: number, count: number): Promise<OpenClients> {
  const request = requestText({ path: PATHS.small });
  return openAll(count, async () => {
    const socket = await connect(port);
    socket.write(request);
    await once(socket, 'data');
    return socket;
  });
}

/** WebSocket connections that have each had one message back and are silent since. */
export async function openWebSockets(port: number, count: number): Promise<OpenClients> {
  return openAll(count, async () => {
    const socket = await connectWebSocket(port);
    socket.write(MESSAGE);
    await once(socket, 'data');
    return socket;
  });
}

/** Sends a message on each connection as soon as the one before is back. */
export async function runWebSockets(port: number, connections: number, seconds: number): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => connectWebSocket(port)));
  const timesUs: number[] = [];
  let isOver = false;
  let errors = 0;
  const start = performance.now();
  for (const socket of sockets) {
    let sentAt = 0;
    let awaited = 0;
    const send = (): void => {
      sentAt = performance.now();
      awaited = ECHO_BYTES;
      socket.write(MESSAGE);
    };
    socket.on('data', (bytes) => {
      awaited -= bytes.length;
      if (awaited > 0) return;
      timesUs.push((performance.now() - sentAt) * 1000);
      if (!isOver) send();
    });
    socket.on('close', () => {
      if (!isOver) errors++;
    });
    send();
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  isOver = true;
  const elapsed = (performance.now() - start) / 1000;
  for (const socket of sockets) socket.destroy();
  const bytes = timesUs.length * MESSAGE_BYTES;
  return { requests: timesUs.length, bytes, seconds: elapsed, errors, ...percentilesOf(timesUs) };
}

const MESSAGE_BYTES = 64;
/** A server's frame: two bytes before the message (RFC 6455 5.2). */
const ECHO_BYTES = MESSAGE_BYTES + 2;
/** A client's frame: binary, masked with zeros, which leave the message as it is. */
const MESSAGE = Buffer.concat([
  Buffer.from([0x82, 0x80 | MESSAGE_BYTES, 0, 0, 0, 0]),
  Buffer.alloc(MESSAGE_BYTES, 'x'),
]);

/** Connections that are opened at the same time: fewer than a backlog. */
const OPENING = 64;

async function openAll(count: number, open: () => Promise<net.Socket>): Promise<OpenClients> {
  const sockets: net.Socket[] = [];
  let missing = count;
  const opener = async (): Promise<void> => {
    while (missing-- > 0) {
      const socket = await open();
      // A peer may end what is idle; that is seen by counting, not by an error.
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, opener));
  return {
    get count() {
      return sockets.filter((socket) => !socket.closed).length;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function connectWebSocket(port: number): Promise<net.Socket> {
  const socket = await connect(port);
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  // The server sends nothing after its head before it got a message.
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    // Node hands over a buffer where no encoding is set.
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    head += bytes.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${head.split('\r\n', 1)[0]}`);
  return socket;
}
