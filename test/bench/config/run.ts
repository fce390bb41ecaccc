// `npm run bench:config`: what a large configuration costs, with a real etcd; writes its section of docs/benchmarks.md.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { collectGarbage } from '../../../lib/core/collect-garbage.ts';
import type { EtcdStore } from '../../../lib/store/etcd.ts';
import { startEtcd } from '../../fixtures/etcd.ts';
import { runPaced } from '../load.ts';
import { background, commit } from '../machine.ts';
import { medianOf, percentilesOf } from '../percentiles.ts';
import { LOAD_CORE, PROXY_CORE } from '../process.ts';
import { markdownTable, withSection } from '../report.ts';
import { PATHS, startHttpServers } from '../servers.ts';
import { compareWindows, readTimes, type Interval, type TimedRequest } from '../windows.ts';
import { turnsOfBareProcess } from './bare-process.ts';
import { longestOf, microseconds } from './figures.ts';
import { Instance } from './instance.ts';
import { RECORD_MS } from './record.ts';
import { domainOf, fill, storeAt } from './table.ts';
import { WorkerClient } from './worker-client.ts';
import { change, revisionsOf } from './writing.ts';

const { values } = parseArgs({
  options: { domains: { type: 'string', default: '100000' }, quick: { type: 'boolean' }, only: { type: 'string' } },
});
const DOMAINS = Number(values.domains);
const FEW = DOMAINS / 10;
const LOADS = 3;
const WRITES = values.quick === true ? 100 : 1000;
/** Of an instance whose code is still being compiled. */
const FIRST_WRITES = 200;
/** Behind so many, what whoever measures has made is collected, and others may come to rest. */
const COLLECTED_WRITES = 25;
const COLLECTED_MS = 50;
const BESIDE_SECONDS = values.quick === true ? 20 : 150;
const TURNS_SECONDS = values.quick === true ? 10 : 80;
const WARM_MS = 4000;
const WINDOW_MS = 500;
/** What a change leaves behind is no part of the time without one. */
const SETTLE_MS = 100;
const CHANGES_A_SECOND = 50;
const LOAD_RATE = 2000;
const CLIENTS = 32;

const run = promisify(execFile);
const rows: (readonly [what: string, value: string, bound: string])[] = [];
const busy = await background();
const directory = mkdtempSync(join(tmpdir(), 'elb-bench-config-'));
const etcd = await startEtcd();
const servers = await startHttpServers(directory);
const serverPort = servers.ports[0] ?? 0;
const [empty, few, many] = [
  storeAt(etcd.endpoint, 'EMPTY'),
  storeAt(etcd.endpoint, 'FEW'),
  storeAt(etcd.endpoint, 'MANY'),
];
say('filling etcd');
await fill(few, FEW, FEW / 10, serverPort);
await fill(many, DOMAINS, DOMAINS / 10, serverPort);

/** Parts that are measured; the table in the document is written when all are. */
const parts: Readonly<Record<string, (() => Promise<void>) | undefined>> = {
  load: measureLoad,
  changes: measureChanges,
  beside: measureLoadBeside,
  cold: measureColdStarts,
};
const chosen = values.only?.split(',') ?? Object.keys(parts);
for (const part of chosen) await parts[part]?.();

for (const store of [empty, few, many]) await store.close();
await servers.stop();
await etcd.stop();
rmSync(directory, { recursive: true, force: true });
const text = markdownTable([['what', 'measured', 'wanted'], ...rows], 'left');
const when = new Date().toISOString().slice(0, 10);
const cores = busy.map((share) => `${(share * 100).toFixed(0)} %`).join(', ');
if (values.quick !== true && values.only === undefined) {
  const section = `${when}, commit ${commit()}; ${DOMAINS} domains of four nodes, 10,000 upstreams of four servers; cores busy before: ${cores}.\n\n${text}`;
  const document = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'config', section));
}
process.exit(0);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function row(what: string, value: string, bound = ''): void {
  say(`${what}: ${value}${bound && ` (wanted ${bound})`}`);
  rows.push([what, value, bound]);
}

async function start(name: string, workers: number, core: string | null = null): Promise<Instance> {
  return startInstance(name, workers, core, true);
}

/** As people start it: nothing watches it. */
async function startBare(name: string, workers: number, core: string | null = null): Promise<Instance> {
  return startInstance(name, workers, core, false);
}

function startInstance(name: string, workers: number, core: string | null, probed: boolean): Promise<Instance> {
  return Instance.start({ etcd: etcd.endpoint, name, workers, state: join(directory, name), core, probed });
}

/** Resolves with the time from the start of the program to the first right answer of the domain. */
async function served(instance: Instance, domain: string): Promise<number> {
  for (;;) {
    const client = await WorkerClient.connect(instance.port).catch(() => null);
    if (client !== null) {
      for (;;) {
        if ((await client.status(domain, '/v0/')) === 404) return performance.now() - instance.startedMs;
        await delay(2);
      }
    }
    await delay(2);
  }
}

/** First load, and what a worker's memory has grown by, asleep and after a request for every domain. */
async function measureLoad(): Promise<void> {
  const nothing = await start('EMPTY', 2);
  const [first = 0] = (await nothing.processes()).workers;
  while (!nothing.said.includes('configuration loaded')) await delay(10);
  const before = await nothing.memory(first);
  await nothing.stop();

  const loads: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    const bare = await startBare('MANY', 2);
    loads.push((await served(bare, domainOf(DOMAINS - 1))) / 1000);
    await bare.stop();
    // The next one knows nothing either.
    rmSync(join(directory, 'MANY'), { recursive: true, force: true });
  }
  const shown = `${medianOf(loads).toFixed(2)} s (most ${Math.max(...loads).toFixed(2)} s)`;
  row('first load from etcd: program started to last domain served', shown, '<= 5 s');
  const instance = await start('MANY', 2);
  await served(instance, domainOf(DOMAINS - 1));
  const { primary: primaryPid, workers } = await instance.processes();
  const [worker = 0] = workers;
  const asleep = await instance.memory(worker);
  const each = (after: { heap: number; rss: number }): string =>
    `${((after.heap - before.heap) / DOMAINS).toFixed(0)} bytes of heap, ${((after.rss - before.rss) / DOMAINS).toFixed(0)} resident`;
  row('memory for each domain in a worker, upstreams included', each(asleep), '<= 3,000');
  const clients = await WorkerClient.toEach(instance.port, workers);
  const timesUs: number[] = [];
  const since = Date.now();
  for (let i = 0; i < DOMAINS; i++) {
    const begun = performance.now();
    for (const client of clients) await client.status(domainOf(i), '/v0/');
    timesUs.push(((performance.now() - begun) * 1000) / clients.length);
  }
  row('the same after a request for every domain', each(await instance.memory(worker)), '<= 3,000');
  row('longest turn of a worker meanwhile', longest(instance, workers, since), '<= 2 ms');
  row('first request of a domain, p50 and p99', microseconds(percentilesOf(timesUs)));
  const primary = await instance.memory(primaryPid);
  row('memory of the primary', `${(primary.rss / 2 ** 20).toFixed(0)} MiB`);
  for (const client of clients) client.close();
  await instance.stop();
}

/**
 * One key written: from etcd's acknowledgement until a client of every worker is served by it. Clients ask once a millisecond, which is
 * what they may tell too late: without a pause they would take a processor from those who are measured. Turns are those of an instance of its
 * own: who watches them makes garbage each millisecond, for which changes would wait.
 */
async function measureChanges(): Promise<void> {
  const bare = await startBare('MANY', 2);
  const { firstUs, timesUs } = await writeKeys(bare, 'a');
  const what = 'one key written: acknowledged to served by every worker, p50 and p99';
  row(what, microseconds(percentilesOf(timesUs)), 'p99 <= 10 ms');
  row(`the same of the first ${FIRST_WRITES} after a start`, microseconds(percentilesOf(firstUs)));
  await bare.stop();
  const instance = await start('MANY', 2);
  const { workers, since } = await writeKeys(instance, 'b');
  row('longest turn of a worker meanwhile', longest(instance, workers, since), '<= 2 ms');
  await instance.stop();
}

/**
 * Writes keys one after the other; answers how long each took until every worker served it, in microseconds, the first ones by themselves, and since when
 * the others were written.
 */
async function writeKeys(
  instance: Instance,
  name: string,
): Promise<{
  readonly firstUs: readonly number[];
  readonly timesUs: readonly number[];
  readonly workers: readonly number[];
  readonly since: number;
}> {
  await served(instance, domainOf(0));
  const { workers } = await instance.processes();
  await delay(3000);
  const clients = await WorkerClient.toEach(instance.port, workers);
  const revisions = await revisionsOf(many);
  let i = 0;
  const write = async (): Promise<number> => {
    if (i % COLLECTED_WRITES === 0) {
      // Else its collections would come while others are measured.
      collectGarbage();
      await delay(COLLECTED_MS);
    }
    const number = (++i * 197) % DOMAINS;
    const path = `/${name}${i}/`;
    const acknowledged = await change(many, revisions, number, `${name}${i}`);
    const waits = clients.map(async (client) => {
      while ((await client.status(domainOf(number), path)) !== 404) await delay(1);
      return performance.now() - acknowledged;
    });
    const us = Math.max(...(await Promise.all(waits))) * 1000;
    await delay(10);
    return us;
  };
  const firstUs: number[] = [];
  while (i < FIRST_WRITES) firstUs.push(await write());
  const since = Date.now();
  const timesUs: number[] = [];
  while (i < FIRST_WRITES + WRITES) timesUs.push(await write());
  for (const client of clients) client.close();
  return { firstUs, timesUs, workers, since };
}

/**
 * One load that goes on without a break, beside which domains are changed for a moment and then, for as long, as much is written to keys
 * that nobody follows, in turn: etcd, who writes, the servers and the load share one core, and what that costs is not ELB's. What the
 * machine does beside it meets both of a pair alike. Turns are those of an instance of its own, as in `measureChanges`.
 */
async function measureLoadBeside(): Promise<void> {
  const unwatched = await startBare('MANY', 1, PROXY_CORE);
  const { times, during } = await loadBeside(unwatched, 'c', BESIDE_SECONDS);
  const { pairs, each, ratio } = compareWindows(times, during, SETTLE_MS);
  const percent = (of: number): string => `${((of - 1) * 100).toFixed(0)} %`;
  row(
    `p99 of ${LOAD_RATE} requests a second in half a second, without and with ${CHANGES_A_SECOND} changes a second: median of ${pairs} pairs`,
    `${each.withoutUs.toFixed(0)} us, ${each.duringUs.toFixed(0)} us: ${percent(each.ratio)} (95 % of draws: ${percent(each.low)} to ${percent(each.high)}); of all together ${percent(ratio)}`,
    '<= 5 %',
  );
  await unwatched.stop();
  const instance = await start('MANY', 1, PROXY_CORE);
  const { workers, during: changed, since } = await loadBeside(instance, 'd', TURNS_SECONDS);
  const records = workers.flatMap((pid) => instance.records(pid, since));
  const [beside, alone] = partition(records, ({ at }) =>
    changed.some(({ from, to }) => at > from && at - RECORD_MS < to + SETTLE_MS),
  );
  row('longest turn of a worker meanwhile, with changes', longestOf(beside), '<= 2 ms');
  row('the same, without', longestOf(alone));
  await instance.stop();
  const bare = await turnsOfBareProcess(PROXY_CORE, TURNS_SECONDS);
  row('the same of a process that only makes the garbage of both', longestOf(bare));
}

/** Answers the times of all requests, and when domains were changed, `name` telling these changes from others. */
async function loadBeside(
  instance: Instance,
  name: string,
  seconds: number,
): Promise<{
  readonly times: readonly TimedRequest[];
  readonly during: readonly Interval[];
  readonly workers: readonly number[];
  readonly since: number;
}> {
  await served(instance, domainOf(0));
  const { workers } = await instance.processes();
  await delay(3000);
  const followed = await revisionsOf(many);
  const ignored = await revisionsOf(empty);
  const place = async (where: string, policy: string): Promise<void> => {
    for (const pid of [process.pid, etcd.pid].map(String)) {
      await run('taskset', ['-a', '-c', '-p', where, pid]);
      await run('chrt', ['-a', policy, '-p', '0', pid]);
    }
  };
  // Behind the load, which tells how late it is itself.
  await place(LOAD_CORE, '--idle');
  const load = { path: PATHS.small, connections: CLIENTS };
  const times = join(directory, 'times');
  const during: Interval[] = [];
  const since = Date.now();
  const isOver = new AbortController();
  const writing = (async () => {
    await delay(WARM_MS);
    let version = 0;
    /** Writes for a while; answers when. */
    const write = async (store: EtcdStore, revisions: Map<string, number>, ms: number): Promise<Interval> => {
      const from = Date.now();
      while (Date.now() - from < ms) {
        const next = delay(1000 / CHANGES_A_SECOND);
        await change(store, revisions, (++version * 331) % DOMAINS, `${name}${version}`);
        await next;
      }
      return { from, to: Date.now() };
    };
    while (!isOver.signal.aborted) {
      const { from, to } = await write(many, followed, WINDOW_MS);
      during.push({ from, to });
      await write(empty, ignored, SETTLE_MS + to - from);
    }
  })();
  const { errors, failures } = await runPaced(load, instance.port, LOAD_RATE, seconds, times);
  isOver.abort();
  await writing;
  // What is started later may use both.
  await place(`${PROXY_CORE},${LOAD_CORE}`, '--other');
  if (errors > 0) throw new Error(`${errors} requests failed: ${JSON.stringify(failures)}`);
  return { times: readTimes(times), during, workers, since };
}

async function measureColdStarts(): Promise<void> {
  await snapshotOf('FEW');
  await snapshotOf('MANY');
  await etcd.kill();
  await measureColdStart('FEW', FEW, '<= 0.5 s');
  await measureColdStart('MANY', DOMAINS, '<= 3 s');
  await measureBareStart();
}

/** Three processes of Node begin, one behind the other, before the first answer: what one takes tells of the machine at that time. */
async function measureBareStart(): Promise<void> {
  const seconds: number[] = [];
  for (let i = 0; i < 10; i++) {
    const begun = performance.now();
    await run(process.execPath, ['-e', '0']);
    seconds.push((performance.now() - begun) / 1000);
  }
  row('a process of Node that does nothing: started to ended', `${medianOf(seconds).toFixed(3)} s`);
}

async function measureColdStart(name: string, domains: number, bound: string): Promise<void> {
  const seconds: number[] = [];
  for (let i = 0; i < 5; i++) {
    const instance = await startBare(name, 2);
    seconds.push((await served(instance, domainOf(domains - 1))) / 1000);
    await instance.stop('SIGKILL');
  }
  const shown = `${medianOf(seconds).toFixed(2)} s (most ${Math.max(...seconds).toFixed(2)} s)`;
  row(
    `etcd dead: program started to first right answer, ${domains} domains and ${domains / 10} upstreams`,
    shown,
    bound,
  );
}

/** Lets an instance leave its snapshot behind. */
async function snapshotOf(name: string): Promise<void> {
  const instance = await start(name, 1);
  await served(instance, domainOf(0));
  await instance.stop();
}

function longest(instance: Instance, workers: readonly number[], since: number): string {
  return longestOf(workers.flatMap((pid) => instance.records(pid, since)));
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
