import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Ledger, TUNNEL } from './ledger.ts';
import { LARGE } from './servers.ts';

/** Where traffic goes, and where it is counted. */
export interface Scene {
  readonly port: number;
  readonly ledger: Ledger;
  readonly agent: http.Agent;
  /** Aborted when the traffic is to end. */
  readonly signal: AbortSignal;
}

/** One kind of traffic: `once` does it once and throws where what it sees is not as it should be. */
export interface Kind {
  readonly name: string;
  /** How many do it at the same time. */
  readonly lanes: number;
  once(scene: Scene, random: () => number): Promise<void>;
}

/** Does all of it until the scene's signal. */
export async function run(kinds: readonly Kind[], scene: Scene, random: () => number): Promise<void> {
  const lane = async ({ name, once }: Kind): Promise<void> => {
    while (!scene.signal.aborted) {
      const from = performance.now();
      try {
        await once(scene, random);
        scene.ledger.succeeded(name);
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        scene.ledger.failed({ kind: name, from, to: performance.now(), what });
        await delay(20);
      }
    }
  };
  await Promise.all(kinds.flatMap((kind) => Array.from({ length: kind.lanes }, () => lane(kind))));
}

export const KINDS: readonly Kind[] = [
  {
    name: 'kept-alive request',
    lanes: 6,
    once: async ({ port, agent }, random) => {
      const path = `/echo/${Math.floor(random() * 1e9)}`;
      await expectReply(await ask({ port, agent, path }), 200, path);
      await delay(random() * 5);
    },
  },
  {
    name: 'request on a new connection',
    lanes: 2,
    once: async ({ port }, random) => {
      const path = `/echo/${Math.floor(random() * 1e9)}`;
      await expectReply(await ask({ port, agent: false, path }), 200, path);
      await delay(random() * 10);
    },
  },
  {
    name: 'upload',
    lanes: 2,
    once: async ({ port, agent }, random) => {
      const bytes = Math.floor(random() * 500_000);
      const sized = random() < 0.5 ? { 'Content-Length': bytes } : {};
      await expectReply(
        await ask({ port, agent, path: '/', method: 'POST', headers: sized }, bytes),
        200,
        String(bytes),
      );
    },
  },
  {
    name: 'download',
    lanes: 1,
    once: async ({ port, agent }) => {
      await expectReply(await ask({ port, agent, path: '/large' }), 200, LARGE);
      await delay(10);
    },
  },
  {
    name: 'slow server',
    lanes: 4,
    once: async ({ port, agent }) =>
      expectReply(await ask({ port, agent, path: '/slow' }), 200, 'drip '.repeat(5) + 'done'),
  },
  {
    // A request that may be repeated is answered by the server that works.
    name: 'failing server',
    lanes: 2,
    once: async ({ port, agent }) => {
      await expectReply(await ask({ port, agent, path: '/echo', headers: { host: 'flaky.test' } }), 200, '/echo');
      await delay(5);
    },
  },
  {
    name: 'no server that works',
    lanes: 1,
    once: async ({ port, agent }) => {
      const { status } = await ask({ port, agent, path: '/echo', headers: { host: 'broken.test' } });
      if (status !== 502 && status !== 500) throw new Error(`status ${status}`);
      await delay(20);
    },
  },
  { name: 'abort', lanes: 2, once: abort },
  { name: 'slow client', lanes: 4, once: dripRequest },
  { name: 'silent client', lanes: 4, once: stay },
  { name: 'rubbish', lanes: 1, once: sendRubbish },
  { name: TUNNEL, lanes: 20, once: chat },
];

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Sends a request, with a body of `bytes` in parts if that is not 0, and reads the reply whole. */
function ask(options: http.RequestOptions, bytes = 0): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'good.test', ...options.headers };
    const request = http.request({ host: '127.0.0.1', ...options, headers });
    request.on('error', reject);
    request.setTimeout(STUCK_MS, () => request.destroy(new Error('no answer in time')));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    for (let left = bytes; left > 0; left -= PART.length) request.write(PART.subarray(0, Math.min(left, PART.length)));
    request.end();
  });
}

async function expectReply(reply: Reply, status: number, text: string): Promise<void> {
  if (reply.status !== status) throw new Error(`status ${reply.status}: ${reply.text.trim().slice(0, 100)}`);
  if (reply.text !== text) throw new Error(`another text: ${reply.text.slice(0, 100)}`);
}

/** Leaves in the middle of something. */
async function abort({ port }: Scene, random: () => number): Promise<void> {
  const socket = await connected(port);
  const texts = [
    'GET /large HTTP/1.1\r\nHost: good.test\r\n\r\n',
    'GET /slow HTTP/1.1\r\nHost: good.test\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: good.test\r\nContent-Length: 100000\r\n\r\nsome of it',
    'GET / HTTP/1.1\r\nHost: go',
  ];
  socket.write(texts[Math.floor(random() * texts.length)] ?? '');
  await delay(random() * 60);
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
}

/** Sends a request byte by byte. */
async function dripRequest({ port }: Scene): Promise<void> {
  const socket = await connected(port);
  let received = '';
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  const request = 'POST / HTTP/1.1\r\nHost: good.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nslow!';
  for (const byte of request) {
    if (socket.destroyed) break;
    socket.write(byte);
    await delay(2);
  }
  await ended(socket);
  if (!/^HTTP\/1\.1 200 [^]*\r\n\r\n5$/.test(received))
    throw new Error(`answered ${JSON.stringify(received.slice(0, 100))}`);
}

/** Connects, says nothing for a while, and leaves. */
async function stay({ port }: Scene, random: () => number): Promise<void> {
  const socket = await connected(port);
  await Promise.race([delay(random() * 1000), ended(socket)]);
  socket.destroy();
}

async function sendRubbish({ port }: Scene, random: () => number): Promise<void> {
  const socket = await connected(port);
  let received = '';
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  socket.write(Buffer.from(Array.from({ length: 50 }, () => 128 + Math.floor(random() * 100))));
  socket.write('\r\n\r\n');
  await ended(socket);
  if (!received.startsWith('HTTP/1.1 400 ')) throw new Error(`answered ${JSON.stringify(received.slice(0, 100))}`);
  await delay(20);
}

/** Stays connected and has every message sent back, until the traffic ends or the socket is closed as at a drain. */
async function chat({ port, signal, ledger }: Scene, random: () => number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: 'good.test' } });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let asked = '';
  let timer: NodeJS.Timeout | undefined;
  const say = (): void => {
    if (signal.aborted) socket.terminate();
    else {
      asked = String(random());
      socket.send(asked);
    }
  };
  socket.on('open', say);
  socket.on('message', (data) => {
    // Text comes as a Buffer.
    if ((data as Buffer).toString() !== asked) reject(new Error('another message'));
    else {
      ledger.succeeded('websocket message');
      timer = setTimeout(say, 50 + random() * 100);
    }
  });
  socket.on('error', (error) => {
    if (!signal.aborted) reject(error);
  });
  socket.on('close', () => {
    if (signal.aborted) resolve();
    else reject(new Error('closed'));
  });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}

function connected(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

function ended(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.once('end', end);
    socket.once('close', end);
    socket.setTimeout(STUCK_MS, end);
    socket.resume();
  });
}

const PART = Buffer.alloc(16_384, 'x');
const STUCK_MS = 20_000;
