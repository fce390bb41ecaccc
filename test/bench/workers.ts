import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../fixtures/free-ports.ts';
import { untilReady } from './clients.ts';
import { runWrk } from './load.ts';
import { commit } from './machine.ts';
import { cpuOfEach } from './measure.ts';
import { elb } from './peers/elb.ts';
import { medianOf } from './percentiles.ts';
import { LOAD_CORE, PROXY_CORE, PinnedProcess } from './process.ts';
import { markdownTable, withSection } from './report.ts';
import { PATHS, startHttpServers } from './servers.ts';

/**
 * What a second worker is worth on a second core. `npm run bench:workers -- --rounds 8`.
 *
 * Two workers on two cores can answer so many times what one can on one core: twice, times what a request costs with one over what
 * it costs with two, times how evenly the work is spread (mean over maximum of the workers' CPU time). It is computed from CPU
 * time, because on a machine of two cores load and servers have to run on the same two, and what they take is not the workers'.
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '8' } } });
const SECONDS = 2;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = [32, 1000] as const;

interface Round {
  readonly cpuUs: number;
  readonly evenness: number;
}

const directory = mkdtempSync(join(tmpdir(), 'elb-workers-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
spawnSync('taskset', ['-cp', LOAD_CORE, String(process.pid)]);
const servers = await startHttpServers(directory);
const one = await start(1, PROXY_CORE);
const two = await start(2, `${PROXY_CORE},${LOAD_CORE}`);
const rows = [['connections', 'one worker, CPU us', 'two workers, CPU us', 'evenness', 'two are worth']];
for (const connections of CONNECTIONS) rows.push(await compare(connections));
await one.pinned.stop();
await two.pinned.stop();
await servers.stop();

const table = markdownTable(rows);
const conditions = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${values.rounds} rounds of ${SECONDS} s.`;
console.log(table);
const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const text = `### Two workers\n\n${conditions}\n\n${table}`;
writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'workers', text));

interface Running {
  readonly pinned: PinnedProcess;
  readonly port: number;
}

async function start(workers: number, cores: string): Promise<Running> {
  const port = freePort();
  const place = join(directory, `${workers}`);
  mkdirSync(place);
  const scene = { directory: place, port, workers, servers: servers.ports, table: 'small', statistics: null } as const;
  const pinned = await PinnedProcess.start(cores, elb.prepare(scene), join(place, 'log'));
  await pinned.accepts(port, 60_000);
  await untilReady(port, 60_000);
  for (const connections of CONNECTIONS) await load({ pinned, port }, connections, WARM_UP_SECONDS);
  return { pinned, port };
}

/** A row of the table: medians over the rounds, both in turn. */
async function compare(connections: number): Promise<string[]> {
  const rounds: { readonly alone: Round; readonly both: Round }[] = [];
  for (let round = 0; round < Number(values.rounds); round++)
    rounds.push({ alone: await load(one, connections, SECONDS), both: await load(two, connections, SECONDS) });
  const worth = rounds.map(({ alone, both }) => ((2 * alone.cpuUs) / both.cpuUs) * both.evenness);
  return [
    String(connections),
    medianOf(rounds.map(({ alone }) => alone.cpuUs)).toFixed(1),
    medianOf(rounds.map(({ both }) => both.cpuUs)).toFixed(1),
    medianOf(rounds.map(({ both }) => both.evenness)).toFixed(2),
    `${medianOf(worth).toFixed(2)} x`,
  ];
}

async function load({ pinned, port }: Running, connections: number, seconds: number): Promise<Round> {
  const before = cpuOfEach(pinned.pid);
  const { requests } = await runWrk({ path: PATHS.small, connections }, port, seconds, directory);
  const spent = [...cpuOfEach(pinned.pid)]
    .map(([pid, cpuUs]) => cpuUs - (before.get(pid) ?? 0))
    .toSorted((a, b) => b - a);
  const [first = 0, second = 0] = spent;
  return { cpuUs: spent.reduce((sum, cpuUs) => sum + cpuUs, 0) / requests, evenness: (first + second) / 2 / first };
}
