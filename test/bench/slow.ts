import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RUNTIME_FLAGS } from '../../bin/runtime-flags.ts';
import { percentilesOf } from './percentiles.ts';
import { HOST, requestText } from './request.ts';

/**
 * What slow clients cost: a worker's data plane in a process of its own, thousands of connections that drip, and the time of a
 * good client beside them. `npm run bench:slow -- --connections 5000`.
 */
const { values } = parseArgs({ options: { connections: { type: 'string', default: '5000' } } });
const CONNECTIONS = Number(values.connections);
const REQUESTS = 40_000;
const LANES = 4;

/** What each slow client sends, and then goes on with, a byte at a time. */
const KINDS: Readonly<Record<string, string>> = {
  'idle, nothing sent': '',
  'in the middle of a head': requestText({ path: '/' }).slice(0, -2),
  'in the middle of a body': `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(500)}`,
};
/** So many of them send a byte each second. */
const BYTES_A_SECOND = 1000;

const REPLY = `HTTP/1.1 200 OK\r\nContent-Length: 130\r\n\r\n${'x'.repeat(130)}`;
const server = net.createServer((socket) => {
  socket.on('error', () => socket.destroy());
  // Bodies are never answered: they never end.
  socket.on('data', (bytes) => bytes.includes('GET ') && socket.write(REPLY));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
const { port: serverPort } = server.address() as net.AddressInfo; // it listens on TCP

console.log(`${CONNECTIONS} connections each; a good client sends ${REQUESTS} requests, ${LANES} at a time`);
for (const [kind, text] of Object.entries(KINDS)) await measure(kind, text);
server.close();
process.exit(0);

async function measure(kind: string, text: string): Promise<void> {
  const program = fileURLToPath(new URL('../fixtures/plane-process.ts', import.meta.url));
  const plane = fork(program, [String(serverPort)], { execArgv: [...RUNTIME_FLAGS, '--expose-gc'] });
  const [port] = (await once(plane, 'message')) as [number]; // what the program sends first
  await times(port);
  const alone = percentilesOf(await times(port));
  const before = await memory(plane);
  const slow = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(port, text)));
  let next = 0;
  const drip = setInterval(() => {
    if (text !== '') for (let i = 0; i < BYTES_A_SECOND / 50; i++) slow[next++ % slow.length]?.write('x');
  }, 20);
  await times(port);
  const beside = percentilesOf(await times(port));
  const after = await memory(plane);
  clearInterval(drip);
  const each = (grown: number): string => `${(grown / CONNECTIONS / 1024).toFixed(1)} KiB`;
  console.log(
    `${kind}: ${each(after.resident - before.resident)} resident each (heap ${each(after.heap - before.heap)}, ` +
      `buffers ${each(after.buffers - before.buffers)}); good client's p50/p99 alone ${ms(alone)}, beside ${ms(beside)}`,
  );
  for (const socket of slow) socket.destroy();
  plane.kill();
  await once(plane, 'exit');
}

/** Times of a good client's requests in microseconds. */
async function times(port: number): Promise<number[]> {
  const measured: number[] = [];
  const request = requestText({ path: '/' });
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      const socket = await connect(port, '');
      for (let i = 0; i < REQUESTS / LANES; i++) {
        const start = performance.now();
        socket.write(request);
        await once(socket, 'data');
        measured.push((performance.now() - start) * 1000);
      }
      socket.destroy();
    }),
  );
  return measured;
}

async function connect(port: number, text: string): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy());
  if (text !== '') socket.write(text);
  return socket;
}

async function memory(plane: ReturnType<typeof fork>): Promise<{ resident: number; heap: number; buffers: number }> {
  plane.send('collect');
  const [{ heapUsed, arrayBuffers }] = (await once(plane, 'message')) as [{ heapUsed: number; arrayBuffers: number }]; // its answer
  const pages = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${plane.pid}/status`, 'utf8'))?.[1]);
  return { resident: pages * 1024, heap: heapUsed, buffers: arrayBuffers };
}

function ms({ p50Us, p99Us }: { p50Us: number; p99Us: number }): string {
  return `${(p50Us / 1000).toFixed(2)}/${(p99Us / 1000).toFixed(2)} ms`;
}
