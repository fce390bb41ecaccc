import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { parentOf } from '../fixtures/processes.ts';
import { Changes, type Servers } from './changes.ts';
import { Ledger } from './ledger.ts';
import { startFailingServer, startGoodServer } from './servers.ts';
import { KINDS, run } from './traffic.ts';
import { descriptors, type Holdings, memory } from './usage.ts';

export interface SoakOptions {
  /** How long traffic is sent, warming up not counted. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Seconds between two kills of a worker, and between two upgrades; both end when four fifths of the time are over. */
  readonly killEvery: number;
  readonly upgradeEvery: number;
  readonly workers: number;
  /** Called now and then with how far it is. */
  readonly onProgress?: (line: string) => void;
}

export interface SoakResult {
  readonly ledger: Ledger;
  readonly changes: Changes;
  readonly kills: number;
  readonly upgrades: number;
  /** What the program held after the warm-up, and at the end, both times without clients. */
  readonly before: Holdings;
  readonly after: Holdings;
  /** Lines of its log that are not routine. */
  readonly complaints: readonly string[];
}

/**
 * Everything at once for a long time: traffic of all kinds, changes, workers killed, upgrades. Then all clients leave, and what
 * the program holds is compared with what it held before.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const servers = { a: await startGoodServer('a'), b: await startGoodServer('b'), failing: await startFailingServer() };
  const elb = await startElb({
    file: siteOf(servers),
    args: ARGS,
    env: { ...ENV, ELB_WORKERS: String(options.workers) },
  });
  try {
    return await soakAt(elb, servers, options);
  } finally {
    await elb.stop('SIGKILL');
    for (const server of Object.values(servers)) await server.stop();
  }
}

async function soakAt(elb: Elb, servers: Servers, options: SoakOptions): Promise<SoakResult> {
  const { seconds, warmUpSeconds, killEvery, upgradeEvery, onProgress } = options;
  const ledger = new Ledger();
  const changes = new Changes(elb, servers);
  const random = seeded(7);

  await traffic(elb, new Ledger(), random, warmUpSeconds, changes);
  const before = await quiet(elb, null);
  onProgress?.(`before: ${describeHoldings(before)}`);

  const end = performance.now() + seconds * 1000;
  const calm = performance.now() + seconds * 800;
  let kills = 0;
  let upgrades = 0;
  const disturb = async (): Promise<void> => {
    let nextKill = performance.now() + killEvery * 1000;
    let nextUpgrade = performance.now() + upgradeEvery * 1000;
    while (performance.now() < calm) {
      await delay(100);
      const now = performance.now();
      if (now >= nextKill) {
        nextKill = now + killEvery * 1000;
        await killWorker(elb, ledger, random);
        kills++;
      }
      if (now >= nextUpgrade && now < calm) {
        nextUpgrade = now + upgradeEvery * 1000;
        await upgrade(elb, ledger, changes);
        upgrades++;
      }
    }
  };
  let told = 0;
  const report = setInterval(() => {
    const left = Math.round((end - performance.now()) / 1000);
    for (const { kind, what } of ledger.ours.slice(told)) onProgress?.(`failed: ${kind}: ${what}`);
    told = ledger.ours.length;
    onProgress?.(`${left} s left: ${ledger.total} done, ${ledger.ours.length} failed for a reason of ours`);
  }, PROGRESS_MS);
  await Promise.all([traffic(elb, ledger, random, seconds, changes), disturb()]);
  clearInterval(report);

  const after = await quiet(elb, before);
  onProgress?.(`after: ${describeHoldings(after)}`);
  const complaints = elb.logs
    .filter(({ level, msg }) => level !== 'info' && !EXPECTED.includes(msg))
    .map((line) => JSON.stringify(line));
  return { ledger, changes, kills, upgrades, before, after, complaints };
}

/** What two looks differ by, as an operator would read it; empty where all is back at its start. */
export function leaks({ before, after }: SoakResult): string[] {
  const found: string[] = [];
  if (after.processes > before.processes) found.push(`processes: ${before.processes} before, ${after.processes} after`);
  if (after.sockets > before.sockets) found.push(`sockets: ${before.sockets} before, ${after.sockets} after`);
  if (after.files > before.files) found.push(`files: ${before.files} before, ${after.files} after`);
  const grown = after.heapBytes - before.heapBytes;
  if (grown > before.heapBytes * HEAP_SHARE)
    found.push(`heap: ${mib(before.heapBytes)} before, ${mib(after.heapBytes)} after`);
  return found;
}

export function describeHoldings({ processes, sockets, files, heapBytes, residentBytes }: Holdings): string {
  return `${processes} processes, ${sockets} sockets, ${files} other files, heap ${mib(heapBytes)}, resident ${mib(residentBytes)}`;
}

async function traffic(
  elb: Elb,
  ledger: Ledger,
  random: () => number,
  seconds: number,
  changes: Changes,
): Promise<void> {
  const agent = new http.Agent({ keepAlive: true });
  const stop = new AbortController();
  const scene = { port: elb.port, ledger, agent, signal: stop.signal };
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  await Promise.all([run(KINDS, scene, random), changes.run(ledger, random, stop.signal)]);
  clearTimeout(timer);
  agent.destroy();
}

async function killWorker(elb: Elb, ledger: Ledger, random: () => number): Promise<void> {
  // Not one that drains after an upgrade: that is not replaced.
  const workers = elb.workers.filter((worker) => parentOf(worker) === elb.primary);
  const worker = workers[Math.floor(random() * workers.length)];
  if (worker === undefined) return;
  const listening = (): number => elb.logs.filter(({ msg }) => msg === 'worker listens').length;
  const before = listening();
  ledger.killed();
  process.kill(worker, 'SIGKILL');
  await patiently('another worker listens', () => listening() > before);
}

async function upgrade(elb: Elb, ledger: Ledger, changes: Changes): Promise<void> {
  const told = (): number =>
    elb.logs.filter(({ msg }) => msg === 'upgraded' || msg.startsWith('the upgrade failed')).length;
  const before = told();
  const isOver = ledger.drains();
  changes.pause();
  elb.kill('SIGUSR2');
  await patiently('the upgrade is over', () => told() > before);
  isOver(DRAIN_MS + LATE_MS);
  changes.resume();
}

/** As `until`, for a machine that is busy with all of this. */
async function patiently(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(20);
  }
}

/** Waits until all clients have left and what was begun for them is over, then looks. */
async function quiet(elb: Elb, like: Holdings | null): Promise<Holdings> {
  let last = descriptors(elb);
  let same = 0;
  for (const bound = performance.now() + QUIET_MS; performance.now() < bound;) {
    await delay(LOOK_MS);
    const now = descriptors(elb);
    same = now.sockets === last.sockets && now.processes === last.processes ? same + 1 : 0;
    last = now;
    if (same >= SAME && (like === null || (now.sockets <= like.sockets && now.processes <= like.processes))) break;
  }
  return { ...last, ...(await memory(elb)) };
}

function siteOf(servers: { a: { port: number }; b: { port: number }; failing: { port: number } }): object {
  const { a, b, failing } = servers;
  const all = (servername: string): object => ({
    init: 'all',
    rules: { all: { type: 'backend', args: { servername } } },
  });
  const [goodA, goodB, bad] = [a, b, failing].map(({ port }) => `127.0.0.1:${port}`);
  return {
    domains: { 'good.test': all('good'), 'flaky.test': all('flaky'), 'broken.test': all('broken') },
    upstreams: {
      good: { [goodA ?? '']: '', [goodB ?? '']: '' },
      // A server that always failed would use the retry budget up: it is left alone for a second each time.
      flaky: { [goodA ?? '']: 'max_fails=0', [bad ?? '']: 'max_fails=1 fail_timeout=1s' },
      broken: { [bad ?? '']: 'max_fails=0' },
    },
  };
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

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

// A client whose own loop is late must find its connection open: they are kept for longer than that, and drained slowly.
const ARGS = ['--server-keep-alive', '1s', '--drain', '8s', '--max-wait', '10s'];
const ENV = { NODE_OPTIONS: `--expose-gc --import=${new URL('without-garbage.ts', import.meta.url).href}` };
const DRAIN_MS = 8000;
/** A client hears of the end of its tunnel when its own loop comes to it. */
const LATE_MS = 2000;
const PATIENCE_MS = 120_000;
const QUIET_MS = 30_000;
const LOOK_MS = 300;
/** So many looks that find the same take longer than any time that something idle is kept. */
const SAME = 8;
const PROGRESS_MS = 30_000;
/** A warm program holds more code than a fresh one, and which of them was collected last is chance. */
const HEAP_SHARE = 0.2;
/** What a log says when workers are killed, when a new primary takes over what was changed, and on a machine that has other things to do. */
const EXPECTED = [
  'worker ended',
  'a graph in force names upstreams that do not exist: they answer 502',
  'overloaded',
  'no longer overloaded',
  'the event loop stood still',
];
