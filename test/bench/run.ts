import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { background, commit, machineText } from './machine.ts';
import { usageOf } from './measure.ts';
import type { Peer, Scene } from './peer.ts';
import { peers as allPeers } from './peers/index.ts';
import { LOAD_CORE, PROXY_CORE, PinnedProcess, freePort, outputOf } from './process.ts';
import { workTable, withSection } from './report.ts';
import type { PeerRounds } from './report.ts';
import { startEchoServers, startHttpServers } from './servers.ts';
import type { Servers } from './servers.ts';
import { works as allWorks } from './works.ts';
import type { Figures, Target, Work } from './works.ts';

const USAGE = `npm run bench -- [--quick] [--work a,b] [--peers nginx,elb] [--rounds N] [--seconds N]

  --quick    two rounds of one second, and docs/benchmarks.md stays as it is
  --work     ${allWorks.map(({ key, title }) => `${key}  ${title}`).join('\n             ')}
  --peers    ${allPeers.map(({ name }) => name).join(', ')}
`;

/** Compares ELB with its peers: all of them at one work, in turn, round by round; then the next work. */
async function main(): Promise<void> {
  const { works, peers, rounds, seconds, writes } = readArguments();
  requireMachine();
  spawnSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)]);
  const directory = mkdtempSync(join(tmpdir(), 'elb-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

  const busy = (await background()).map((share) => `${(share * 100).toFixed(0)} %`).join(', ');
  const conditions = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${rounds} rounds of ${seconds} s; cores busy before: ${busy}.`;
  console.log(`${machineText(peers)}\n\n${conditions}`);
  if (writes) updateDocument('machine', machineText(allPeers));

  const servers = { http: await startHttpServers(directory), echo: await startEchoServers(directory) };
  const statsd = await statsdSink();
  for (const work of works) {
    const bench = new Bench(work, servers[work.servers], statsd.address().port, directory);
    const table = workTable(work, await bench.compare(peers, rounds, seconds));
    console.log(`\n### ${work.key}. ${work.title}\n\n${table}`);
    if (writes) updateDocument(`work ${work.key}`, `### ${work.key}. ${work.title}\n\n${conditions}\n\n${table}`);
  }
  statsd.close();
  await servers.http.stop();
  await servers.echo.stop();
}

/** Ends the program where it could not measure. */
function requireMachine(): void {
  const missing = ['taskset', 'chrt', 'wrk', 'nginx'].filter((name) => outputOf(name, ['-v'], /()/) === null);
  if (missing.length === 0 && availableParallelism() > LOAD_CORE) return;
  process.stderr.write(
    `bench: needs two cores and Debian's util-linux, wrk and nginx; missing: ${missing.join(', ')}\n`,
  );
  process.exit(1);
}

/** One work: its peers are started, measured in turn and stopped. */
class Bench {
  readonly #work: Work;
  readonly #servers: Servers;
  readonly #statsdPort: number;
  readonly #directory: string;

  constructor(work: Work, servers: Servers, statsdPort: number, directory: string) {
    this.#work = work;
    this.#servers = servers;
    this.#statsdPort = statsdPort;
    this.#directory = directory;
  }

  async compare(peers: readonly Peer[], rounds: number, seconds: number): Promise<PeerRounds[]> {
    const runs = peers.map((peer) => new Run(peer, this.#whyNot(peer)));
    for (const run of runs) await run.attempt(() => this.#warmUp(run, seconds));
    const most = this.#work.fresh ? Math.min(rounds, FRESH_ROUNDS) : rounds;
    for (let round = 0; round < most; round++) {
      for (const run of runs) await run.attempt(() => this.#measure(run, seconds));
    }
    for (const run of runs) await run.stop();
    return runs;
  }

  #whyNot(peer: Peer): string | null {
    if (peer.version() === null) return `missing (${peer.source})`;
    const { needs } = this.#work;
    return needs === null || peer.abilities.includes(needs) ? null : `not measured: ${needs}`;
  }

  async #warmUp(run: Run, seconds: number): Promise<void> {
    if (this.#work.fresh) return;
    run.running = await this.#start(run.peer);
    await this.#work.measure(run.running.target, Math.max(seconds, WARM_UP_SECONDS));
  }

  async #measure(run: Run, seconds: number): Promise<void> {
    if (this.#work.fresh) {
      await run.stop();
      run.running = await this.#start(run.peer);
    }
    if (run.running !== null) run.rounds.push(await this.#work.measure(run.running.target, seconds));
    process.stderr.write('.');
  }

  async #start(peer: Peer): Promise<Running> {
    const { key, table, needs } = this.#work;
    const port = await freePort();
    const directory = join(this.#directory, `${key}-${peer.name}-${port}`);
    mkdirSync(directory);
    const scene: Scene = {
      directory,
      port,
      servers: this.#servers.ports,
      table,
      statistics: needs === 'statistics' ? { statsdPort: this.#statsdPort } : null,
    };
    const pinned = await PinnedProcess.start(PROXY_CORE, peer.prepare(scene), join(directory, 'log'));
    await pinned.accepts(port, START_MS);
    const serverPort = this.#servers.ports[0] ?? 0;
    const target = { port, serverPort, directory, usage: () => usageOf(pinned.pid) };
    return { pinned, target };
  }
}

interface Running {
  readonly pinned: PinnedProcess;
  readonly target: Target;
}

/** A peer's part in one work. What goes wrong with it ends its part and is named in the report. */
class Run implements PeerRounds {
  readonly peer: Peer;
  readonly name: string;
  readonly rounds: Figures[] = [];
  missing: string | null;
  running: Running | null = null;

  constructor(peer: Peer, missing: string | null) {
    this.peer = peer;
    this.name = peer.name;
    this.missing = missing;
  }

  async attempt(step: () => Promise<void>): Promise<void> {
    if (this.missing !== null) return;
    try {
      await step();
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${this.name}: ${words}\n`);
      this.missing = `failed: ${words.split('\n', 1)[0]}`;
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    await this.running?.pinned.stop();
    this.running = null;
  }
}

interface Arguments {
  readonly works: readonly Work[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  /** Whether docs/benchmarks.md is brought up to date. */
  readonly writes: boolean;
}

function readArguments(): Arguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, work: text, peers: text, rounds: text, seconds: text },
  });
  const { quick, work, peers, rounds, seconds } = values;
  return {
    works: chosen(allWorks, ({ key }) => key, work),
    peers: chosen(allPeers, ({ name }) => name, peers),
    rounds: Number(rounds ?? (quick ? 2 : 5)),
    seconds: Number(seconds ?? (quick ? 1 : 3)),
    writes: !quick,
  };
}

/** The items whose names are in a list with commas; all of them where there is no list. */
function chosen<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  list: string | undefined,
): readonly Item[] {
  if (list === undefined) return items;
  return list.split(',').map((name) => {
    const item = items.find((candidate) => nameOf(candidate) === name);
    if (item !== undefined) return item;
    process.stderr.write(`bench: nothing is called ${name}\n\n${USAGE}`);
    process.exit(2);
  });
}

/** Takes what is sent to it, as statsd would. */
async function statsdSink(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function updateDocument(section: string, text: string): void {
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), section, text));
}

const START_MS = 60_000;
/** What a just-in-time compiler needs to see. */
const WARM_UP_SECONDS = 2;
/** Most rounds of works that start each peer anew: they take long, and memory varies little. */
const FRESH_ROUNDS = 3;
const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

await main();
