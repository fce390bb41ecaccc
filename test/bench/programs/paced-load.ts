import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { percentilesOf } from '../percentiles.ts';
import { requestText } from '../request.ts';

/**
 * Open-loop load: requests are due at random moments of a fixed rate (Poisson), whether or not earlier ones have their
 * replies, and the time of each counts from the moment it was due. So neither a slow peer nor a late generator can make the
 * figures better (no coordinated omission). Runs without sleeping: it is started with the idle scheduling policy, so that
 * it only takes what the servers on the same core leave.
 *
 * Usage: paced-load.ts PORT REQUESTS_PER_SECOND SECONDS CONNECTIONS PATH [FILE]
 *
 * With FILE it sleeps between the milliseconds, so that it can be started before all others; requests are then due when they are sent. FILE gets
 * two doubles for each of them: when it was due, in milliseconds since the epoch, and how long it took, in microseconds.
 */
const [port = 0, rate = 0, seconds = 0, connections = 0] = process.argv.slice(2).map(Number);
const file = process.argv[7];
const request = Buffer.from(requestText({ path: process.argv[6] ?? '/' }), 'latin1');

/** One connection: a request under way at most. */
interface Client {
  readonly socket: net.Socket;
  dueAt: number;
  awaited: number;
}

const shared = Buffer.alloc(65_536);
const idle: Client[] = [];
/** Moments of requests that found no idle connection; `waitingFrom` is the first that still waits. */
const waiting: number[] = [];
let waitingFrom = 0;
/** Made before the start: what grows while it is measured is measured with it. */
const most = Math.ceil(rate * seconds * 1.2) + 1000;
const timesUs = new Float64Array(most);
const dueTimes = new Float64Array(most);
const latenessUs = new Float64Array(most);
let answered = 0;
let sent = 0;
/** What became of the requests that had not the reply of the first: how many by status, or by how they ended. */
const failures = new Map<string, number>();
/** Bytes of a reply, learned from the first: all of them are equally long. */
let replyBytes = 0;

for (let i = 0; i < connections; i++) idle.push(await connect());
replyBytes = await learn(idle[0]);

const random = seeded(20_260_101);
const start = performance.now();
const end = start + seconds * 1000;
let nextDue = start;
turn();

function turn(): void {
  const now = performance.now();
  while (nextDue <= now && nextDue < end) {
    latenessUs[sent++] = (now - nextDue) * 1000;
    const client = idle.pop();
    const dueAt = file === undefined ? nextDue : now;
    if (client === undefined) waiting.push(dueAt);
    else send(client, dueAt);
    nextDue += (-Math.log(1 - random()) / rate) * 1000;
  }
  const isDone = now >= end && (idle.length === connections || now > end + GRACE_MS);
  if (isDone) report();
  else if (file === undefined) setImmediate(turn);
  else setTimeout(turn, 1);
}

function send(client: Client, dueAt: number): void {
  client.dueAt = dueAt;
  client.awaited = replyBytes;
  client.socket.write(request);
}

function received(client: Client, bytes: number): void {
  if (client.awaited === replyBytes && replyBytes > 0 && !(shared[STATUS_AT] === TWO && bytes <= replyBytes)) {
    fail(client, shared.latin1Slice(STATUS_AT, Math.min(bytes, STATUS_AT + 3)));
    return;
  }
  client.awaited -= bytes;
  if (client.awaited > 0 || replyBytes === 0) return;
  timesUs[answered] = (performance.now() - client.dueAt) * 1000;
  dueTimes[answered++] = client.dueAt;
  next(client);
}

/** A client is free for the next request. */
function next(client: Client): void {
  const due = waiting[waitingFrom];
  if (due === undefined) idle.push(client);
  else {
    waitingFrom++;
    send(client, due);
  }
}

/** Its request is over without the reply that was awaited; another connection takes its place. */
function fail(client: Client, how: string): void {
  failures.set(how, (failures.get(how) ?? 0) + 1);
  client.awaited = 0;
  client.socket.destroy();
}

/** A server ends a connection that nobody has used for a while, which is no failure. */
async function replace(client: Client): Promise<void> {
  if (client.awaited > 0) failures.set('closed', (failures.get('closed') ?? 0) + 1);
  const at = idle.indexOf(client);
  if (at >= 0) idle.splice(at, 1);
  next(await connect());
}

async function connect(): Promise<Client> {
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: shared,
      callback: (bytes) => {
        received(client, bytes);
        return true;
      },
    },
  });
  const client: Client = { socket, dueAt: 0, awaited: 0 };
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.once('close', () => void replace(client));
  return client;
}

/** Length of a reply, from one request. */
async function learn(client: Client | undefined): Promise<number> {
  if (client === undefined) throw new Error('no connection');
  client.socket.write(request);
  while (client.awaited === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const text = shared.latin1Slice(0, -client.awaited);
  const head = text.indexOf('\r\n\r\n') + 4;
  const body = Number(/^content-length: *(\d+)/im.exec(text)?.[1]);
  if (!text.startsWith('HTTP/1.1 200') || head + body !== text.length) throw new Error(`unexpected reply: ${text}`);
  return text.length;
}

function report(): void {
  if (file !== undefined) {
    const each = new Float64Array(2 * answered);
    for (let i = 0; i < answered; i++) {
      each[2 * i] = performance.timeOrigin + (dueTimes[i] ?? 0);
      each[2 * i + 1] = timesUs[i] ?? 0;
    }
    writeFileSync(file, each);
  }
  // What is still under way never had its reply.
  const unanswered = connections - idle.length;
  if (unanswered > 0) failures.set('none', unanswered);
  const result = {
    requests: answered,
    bytes: answered * replyBytes,
    seconds: (performance.now() - start) / 1000,
    errors: failures.values().reduce((sum, of) => sum + of, 0),
    failures: Object.fromEntries(failures),
    ...percentilesOf(timesUs.subarray(0, answered)),
    lateUs: percentilesOf(latenessUs.subarray(0, sent)).p99Us,
  };
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit(0));
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const GRACE_MS = 2000;
/** Of the first digit of the status in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;
const TWO = 0x32;
