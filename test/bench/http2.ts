// CPU per request of HTTP/2, ELB beside nginx, by h2load: in clear with prior knowledge, to servers of HTTP/1.1.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../fixtures/free-ports.ts';
import { runH2load } from './h2load.ts';
import { usageOf } from './measure.ts';
import { elb } from './peers/elb.ts';
import { nginxCommand } from './peers/nginx.ts';
import { PinnedProcess, PROXY_CORE, type Command } from './process.ts';
import { PATHS, startHttpServers } from './servers.ts';
import { UPSTREAM } from './site.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '4' }, seconds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const directory = mkdtempSync(join(tmpdir(), 'elb-bench-http2-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

interface Proxy {
  readonly name: string;
  readonly port: number;
  readonly command: Command;
}

/** Streams at once on each of ten connections. */
const WORKS = [
  { title: 'small replies, 1 stream a connection', path: PATHS.small, streams: 1 },
  { title: 'small replies, 10 streams a connection', path: PATHS.small, streams: 10 },
  { title: '16 KiB replies, 10 streams a connection', path: PATHS.medium, streams: 10 },
];

/** Between the second and the fifth, a tenth of the processor's time still goes into compiling. */
const WARM_UP_SECONDS = 4;

const servers = await startHttpServers(directory);
const proxies = [await nginx(), await ourselves(), await alone()];
console.log(`${rounds} rounds of ${seconds} s, 10 connections; CPU of the proxy, microseconds per request`);
for (const { title, path, streams } of WORKS) {
  const cost = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++)
    for (const proxy of proxies) {
      if (proxy.name.startsWith('node') && path !== PATHS.small) continue;
      const list = cost.get(proxy.name) ?? [];
      cost.set(proxy.name, list);
      list.push(await measure(proxy, path, streams));
    }
  const medians = proxies
    .filter(({ name }) => cost.has(name))
    .map(({ name }) => ({ name, us: median(cost.get(name) ?? []) }));
  const base = medians[0]?.us ?? 1;
  console.log(`\n${title}`);
  for (const { name, us } of medians)
    console.log(
      `  ${name.padEnd(16)} ${us.toFixed(1).padStart(6)} us  ${(us / base).toFixed(2)} x nginx  (${(cost.get(name) ?? []).map((one) => one.toFixed(1)).join(' ')})`,
    );
}
await servers.stop();

async function nginx(): Promise<Proxy> {
  const port = freePort();
  const scene = {
    directory: mkdtempSync(join(directory, 'nginx-')),
    port: freePort(),
    workers: 1,
    servers: servers.ports,
    table: 'small',
    statistics: null,
  } as const;
  const server = `listen 127.0.0.1:${port} http2;\n    http2_max_requests 1000000000;\n    location / { proxy_pass http://${UPSTREAM}; }`;
  return { name: 'nginx', port, command: nginxCommand(scene, { main: '', http: '', server }) };
}

async function ourselves(): Promise<Proxy> {
  const port = freePort();
  const scene = {
    directory: mkdtempSync(join(directory, 'elb-')),
    port,
    workers: 1,
    servers: servers.ports,
    table: 'small',
    statistics: null,
  } as const;
  return { name: 'elb', port, command: elb.prepare(scene) };
}

/** No proxy: a server that answers small replies by node:http2 from memory. */
async function alone(): Promise<Proxy> {
  const port = freePort();
  const program = fileURLToPath(new URL('programs/http2-server.ts', import.meta.url));
  return { name: 'node:http2 alone', port, command: { program: process.execPath, args: [program, String(port)] } };
}

/** Warms up until V8 has compiled what is hot, then loads; the proxy's CPU time for each request that was answered. */
async function measure({ name, port, command }: Proxy, path: string, streams: number): Promise<number> {
  const proxy = await PinnedProcess.start(PROXY_CORE, command, join(directory, `${name}.log`));
  await proxy.accepts(port, 10_000);
  const url = `http://127.0.0.1:${port}${path}`;
  await runH2load(url, streams, WARM_UP_SECONDS);
  const before = usageOf(proxy.pid).cpuUs;
  const { stdout, done, succeeded } = await runH2load(url, streams, seconds);
  const used = usageOf(proxy.pid).cpuUs - before;
  await proxy.stop();
  // A program that has just begun may shed; one that is measured may not.
  if (done !== succeeded || done === 0) throw new Error(stdout);
  return used / done;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
