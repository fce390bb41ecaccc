import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../fixtures/free-ports.ts';
import { runPaced } from './load.ts';
import { medianOf } from './percentiles.ts';
import { commit } from './machine.ts';
import { LOAD_CORE, PinnedProcess, PROXY_CORE } from './process.ts';
import { markdownTable, withSection } from './report.ts';
import { HOST } from './request.ts';
import { compareWindows, readTimes, type Interval } from './windows.ts';

/**
 * What a scrape costs the requests of others: every domain has had a request and every server is in the table; while an open-loop load
 * goes on without a break, a page is scraped, and then none for as long, in turn. The requests that were due during a scrape are compared
 * with those that were due between two. The worker answers by itself, so that no server is measured. The generator sleeps between its
 * requests, on another core than the worker. The primary, which writes the page, is on that core, with what the generator leaves (`apart`), or on
 * the worker's, with the same right to it (`shared`), as where there are as many workers as cores.
 *
 *     npm run bench:scrape -- --domains 100000 --servers 10000 --seconds 45 --rate 1000
 *
 * With `--quick` docs/benchmarks.md stays as it is.
 */
const { values } = parseArgs({
  options: {
    domains: { type: 'string', default: '100000' },
    servers: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '45' },
    layouts: { type: 'string', default: 'apart,shared' },
    quick: { type: 'boolean', default: false },
  },
});
const LF = 0x0a;
const WARM_MS = 4000;
const WARM_PAGES = 10;
/** What a scrape leaves behind, such as connections that close, is no part of the time without one. */
const SETTLE_MS = 300;
const domains = Number(values.domains);
const directory = mkdtempSync(join(tmpdir(), 'elb-bench-scrape-'));
const [port, scrapePort] = [freePort(), freePort()];
const file = join(directory, 'elb.json');
writeFileSync(file, JSON.stringify(table()));
const program = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));
const listen = ['--listen', `127.0.0.1:${port}`, '--metrics-listen', `127.0.0.1:${scrapePort}`];
const args = [program, '--file', file, ...listen, '--workers', '1'];
const env = { ELB_STATE: join(directory, 'state') };
const elb = await PinnedProcess.start(LOAD_CORE, { program: process.execPath, args, env }, join(directory, 'elb.log'));

/** The primary's core, and how it gets its share of it. */
const LAYOUTS: Readonly<Record<string, { readonly primary: string; readonly policy: string; readonly says: string }>> =
  {
    apart: { primary: LOAD_CORE, policy: '--idle', says: 'on a core of its own' },
    shared: { primary: PROXY_CORE, policy: '--other', says: "on the worker's core" },
  };

try {
  await elb.accepts(port, 60_000);
  await elb.accepts(scrapePort, 60_000);
  await ready();
  await touchAll();
  const first = await scrape();
  // As in an instance that has run for some time.
  for (let i = 0; i < WARM_PAGES; i++) await takePage();
  await run('taskset', ['-a', '-c', '-p', LOAD_CORE, String(process.pid)]);
  const rows: string[][] = [];
  for (const name of values.layouts.split(',')) {
    const layout = LAYOUTS[name];
    if (layout === undefined) throw new Error(`no layout ${name}`);
    rows.push([layout.says, ...(await measure(await place(layout)))]);
  }
  report(first, rows);
} finally {
  await elb.stop();
  rmSync(directory, { recursive: true, force: true });
}

function table(): object {
  const count = Math.ceil(Number(values.servers) / 4);
  const upstreams = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `web${i}`,
      Object.fromEntries([1, 2, 3, 4].map((j) => [`10.${j}.${i >> 8}.${i & 255}:8080`, ''])),
    ]),
  );
  const answered = { init: 'all', rules: { all: { type: 'respond', args: { status: 204 } } } };
  const names = Array.from({ length: domains }, (_, i) => [`shop${i}.test`, answered] as const);
  const loaded = { init: 'all', rules: { all: { type: 'respond', args: { status: 200, body: 'ok' } } } };
  return { domains: { ...Object.fromEntries(names), [HOST]: loaded }, upstreams };
}

interface Pids {
  readonly primary: number;
  /** The one that serves. */
  readonly worker: number;
}

/** The workers on the proxy's core, the primary where it is told to be. */
async function place({ primary, policy }: { primary: string; policy: string }): Promise<Pids> {
  const answer = await fetch(`http://127.0.0.1:${port}/__erulb__/status`);
  // The shape of the admin API.
  const status = (await answer.json()) as { instance: { pid: number }; workers: { pid: number; state: string }[] };
  const {
    instance: { pid },
    workers,
  } = status;
  await run('taskset', ['-a', '-c', '-p', primary, String(pid)]);
  await run('chrt', ['-a', policy, '-p', '0', String(pid)]);
  for (const worker of workers) await run('taskset', ['-a', '-c', '-p', PROXY_CORE, String(worker.pid)]);
  const [serving] = workers.filter(({ state }) => state === 'serving');
  if (serving === undefined) throw new Error('no worker serves');
  return { primary: pid, worker: serving.pid };
}

/** Of all threads of a process, in milliseconds (proc_pid_schedstat). */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return spent.reduce((sum, ns) => sum + ns / 1e6, 0);
}

async function run(command: string, words: readonly string[]): Promise<void> {
  await once(spawn(command, words, { stdio: 'ignore' }), 'exit');
}

/** One layout: cells of its row. */
async function measure({ primary, worker }: Pids): Promise<readonly string[]> {
  const seconds = Number(values.seconds);
  const times = join(directory, 'times');
  const isOver = new AbortController();
  const load = runPaced({ path: '/', connections: 8 }, port, Number(values.rate), seconds, times);
  const during: Interval[] = [];
  /** In milliseconds of CPU: what a scrape took more than as long a time of load without it. */
  const workerCosts: number[] = [];
  const primaryCosts: number[] = [];
  const scraping = (async () => {
    await delay(WARM_MS);
    while (!isOver.signal.aborted) {
      const from = Date.now();
      const before = [cpuMs(worker), cpuMs(primary)] as const;
      await takePage();
      const to = Date.now();
      during.push({ from, to });
      const used = [cpuMs(worker) - before[0], cpuMs(primary) - before[1]] as const;
      await delay(SETTLE_MS);
      const settled = [cpuMs(worker), cpuMs(primary)] as const;
      await delay(to - from);
      workerCosts.push(used[0] - (cpuMs(worker) - settled[0]));
      primaryCosts.push(used[1] - (cpuMs(primary) - settled[1]));
    }
  })();
  const { errors } = await load;
  isOver.abort();
  await scraping;
  if (errors > 0) throw new Error(`${errors} requests failed`);
  const figures = compareWindows(readTimes(times), during, SETTLE_MS);
  const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;
  return [
    String(figures.pairs),
    String(figures.requests),
    `${figures.without.p50Us.toFixed(0)} / ${figures.during.p50Us.toFixed(0)} us`,
    `${figures.without.p99Us.toFixed(0)} / ${figures.during.p99Us.toFixed(0)} us`,
    `${percent(figures.ratio)} (${percent(figures.low)} to ${percent(figures.high)})`,
    percent(figures.overall),
    `${medianOf(during.map(({ from, to }) => to - from)).toFixed(0)} ms`,
    `${medianOf(workerCosts).toFixed(1)} / ${medianOf(primaryCosts).toFixed(0)} ms`,
  ];
}

/** Workers have the whole table. */
async function ready(): Promise<void> {
  while ((await fetch(`http://127.0.0.1:${port}/__erulb__/health`)).status !== 200) await delay(100);
}

/** One request for each domain, so that it has series. */
async function touchAll(): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  let answered = 0;
  let rest = '';
  const all = Promise.withResolvers<void>();
  socket.on('data', (bytes: Buffer) => {
    // A reply may come in two parts.
    const replies = (rest + bytes.toString('latin1')).split('\r\n\r\n');
    rest = replies.pop() ?? '';
    const other = replies.find((reply) => !reply.startsWith('HTTP/1.1 204'));
    if (other !== undefined) all.reject(new Error(`a domain is not served:\n${other}`));
    answered += replies.length;
    if (answered >= domains) all.resolve();
  });
  for (let i = 0; i < domains; i += 100) {
    let text = '';
    for (let j = i; j < Math.min(i + 100, domains); j++) text += `GET / HTTP/1.1\r\nHost: shop${j}.test\r\n\r\n`;
    if (!socket.write(text)) await once(socket, 'drain');
  }
  await all.promise;
  socket.destroy();
}

/** A page, as it comes, unread: a process more would be one on the cores that are measured. */
async function takePage(): Promise<void> {
  const socket = net.connect(scrapePort, '127.0.0.1');
  socket.write('GET /metrics HTTP/1.1\r\nHost: elb\r\nConnection: close\r\n\r\n');
  socket.resume();
  await once(socket, 'end');
  socket.destroy();
}

interface Scrape {
  readonly bytes: number;
  readonly series: number;
  readonly ms: number;
}

async function scrape(): Promise<Scrape> {
  const since = performance.now();
  const answer = await fetch(`http://127.0.0.1:${scrapePort}/metrics`);
  let bytes = 0;
  let series = 0;
  for await (const part of answer.body ?? []) {
    // A response's body yields bytes.
    const chunk = part as Uint8Array;
    bytes += chunk.length;
    for (const byte of chunk) if (byte === LF) series++;
  }
  return { bytes, series, ms: performance.now() - since };
}

function report(first: Scrape, rows: readonly (readonly string[])[]): void {
  const head = [
    'the primary is',
    'pairs',
    'requests',
    'p50 without / during a scrape',
    'p99 without / during a scrape',
    'p99 during a scrape (95 % of resampled pairs)',
    'p99 with a scrape every 15 s',
    'a scrape takes',
    'CPU of the worker / the primary for a scrape',
  ];
  const text = `${markdownTable([head, ...rows], 'left')}

${domains} domains, ${values.servers} servers: a page of ${first.series} lines and ${(first.bytes / 1e6).toFixed(1)} MB, which took ${(first.ms / 1000).toFixed(1)} s without load;
${values.rate} requests a second, one worker. Measured at ${commit()} by \`npm run bench:scrape\`.
`;
  process.stdout.write(text);
  if (values.quick) return;
  const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'scrape', `### A scrape\n\n${text}`));
}
