import net from 'node:net';
import { once } from 'node:events';
import { percentilesOf } from '../percentiles.ts';
import { requestText } from '../request.ts';

/**
 * Open-loop load of a crowd: requests are due at random moments of a fixed rate (Poisson), each for a client that waits for nothing;
 * where all clients wait for a reply it is lost. The first second is not counted. Wakes once a millisecond, so that it leaves its core to
 * the servers.
 *
 * Usage: crowd-load.ts PORT REQUESTS_PER_SECOND SECONDS CLIENTS PATH
 */
const [port = 0, rate = 0, seconds = 0, crowd = 0] = process.argv.slice(2).map(Number);
const request = Buffer.from(requestText({ path: process.argv[6] ?? '/' }), 'latin1');

interface Client {
  readonly socket: net.Socket;
  dueAt: number;
}

const shared = Buffer.alloc(65_536);
const idle: Client[] = [];
let servedUs: number[] = [];
let shed = 0;
let lost = 0;
let errors = 0;

const clients: Client[] = [];
while (clients.length < crowd) clients.push(...(await Promise.all(Array.from({ length: 100 }, connect))));
idle.push(...clients);

const start = performance.now();
const end = start + (1 + seconds) * 1000;
let due = start;
let isCounted = false;
turn();

function turn(): void {
  const now = performance.now();
  if (!isCounted && now > start + 1000) {
    isCounted = true;
    servedUs = [];
    shed = 0;
    lost = 0;
  }
  for (; due <= now && due < end; due += (-Math.log(1 - Math.random()) / rate) * 1000) {
    const client = idle.shift();
    if (client === undefined) lost++;
    else {
      client.dueAt = due;
      client.socket.write(request);
    }
  }
  if (now < end) setTimeout(turn, 1);
  else report();
}

async function connect(): Promise<Client> {
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: shared,
      callback: () => {
        // `HTTP/1.1 2..`: replies are small and come whole.
        if (shared[9] === TWO) servedUs.push((performance.now() - client.dueAt) * 1000);
        else shed++;
        idle.push(client);
        return true;
      },
    },
  });
  const client: Client = { socket, dueAt: 0 };
  await once(socket, 'connect');
  socket.on('error', () => errors++);
  return client;
}

function report(): void {
  const each = (count: number): number => Math.round(count / seconds);
  const result = {
    served: each(servedUs.length),
    shed: each(shed),
    lost: each(lost),
    errors,
    ...percentilesOf(servedUs),
  };
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit(0));
}

const TWO = 0x32;
