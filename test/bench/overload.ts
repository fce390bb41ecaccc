import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../fixtures/free-ports.ts';
import { runWrk } from './load.ts';
import { background, commit } from './machine.ts';
import { elb } from './peers/elb.ts';
import { medianOf } from './percentiles.ts';
import { LOAD_CORE, PinnedProcess, PROXY_CORE } from './process.ts';
import { markdownTable, withSection } from './report.ts';
import { PATHS, startHttpServers } from './servers.ts';

/**
 * `npm run bench:overload`: what is served, and how fast, at once and twice the rate that a worker can carry. The worker runs without V8's
 * optimising compilers, which makes all of it slower alike: else one core could not send twice of what another can carry.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, crowd: { type: 'string', default: '1000' } },
});
const crowd = Number(values.crowd);
const rounds = values.quick ? 1 : 5;
const seconds = values.quick ? 2 : 5;
const directory = mkdtempSync(join(tmpdir(), 'elb-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

interface CrowdResult {
  readonly served: number;
  readonly shed: number;
  readonly lost: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const busy = (await background()).map((share) => `${(share * 100).toFixed(0)} %`).join(', ');
const servers = await startHttpServers(directory);
const port = freePort();
const scene = { directory, port, servers: servers.ports, table: 'small', statistics: null, workers: 1 } as const;
const { program, args } = elb.prepare(scene);
// Without the patience that the peer is given for comparisons, and in one process, which takes the flags.
const own = args.slice(0, -4).map((arg, i) => (args[i - 1] === '--workers' ? '0' : arg));
const slower = ['--no-opt', '--no-maglev', '--no-sparkplug', ...own];
const proxy = await PinnedProcess.start(PROXY_CORE, { program, args: slower }, join(directory, 'elb.log'));
await proxy.accepts(port, 10_000);

const path = PATHS.small;
await runWrk({ path, connections: 64 }, port, seconds, directory);
const found: { once: CrowdResult; twice: CrowdResult; most: number }[] = [];
for (let round = 0; round < rounds; round++) {
  const { requests, seconds: took } = await runWrk({ path, connections: 64 }, port, seconds, directory);
  const most = requests / took;
  found.push({ most, once: await sendCrowd(most), twice: await sendCrowd(2 * most) });
}
await proxy.stop();
await servers.stop();

const row = (name: string, of: (round: (typeof found)[number]) => CrowdResult): string[] => {
  const median = (figure: (result: CrowdResult, most: number) => number): number =>
    medianOf(found.map((round) => figure(of(round), round.most)));
  return [
    name,
    median(({ served }) => served).toFixed(0),
    `${(median(({ served }, most) => served / most) * 100).toFixed(0)} %`,
    median(({ shed }) => shed).toFixed(0),
    median(({ lost }) => lost).toFixed(0),
    (median(({ p50Us }) => p50Us) / 1000).toFixed(1),
    (median(({ p99Us }) => p99Us) / 1000).toFixed(1),
  ];
};
const table = markdownTable([
  ['offered', 'served per s', 'of the most', 'shed per s', 'found no free client per s', 'p50 ms', 'p99 ms'],
  row('the most it can carry', ({ once }) => once),
  row('twice that', ({ twice }) => twice),
]);
const text =
  `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${rounds} rounds of ${seconds} s, medians; ${crowd} clients that keep their ` +
  `connections; cores busy before: ${busy}. The most it can carry: ${medianOf(found.map(({ most }) => most)).toFixed(0)} requests a second, ` +
  `with wrk on 64 connections.\n\n${table}`;
console.log(text);
if (!values.quick) writeFileSync(documentPath(), withSection(readFileSync(documentPath(), 'utf8'), 'overload', text));
process.exit(0);

async function sendCrowd(rate: number): Promise<CrowdResult> {
  const generator = fileURLToPath(new URL('programs/crowd-load.ts', import.meta.url));
  const numbers = [port, rate.toFixed(0), seconds, crowd].map(String);
  const { stdout } = await promisify(execFile)('taskset', [
    '-c',
    String(LOAD_CORE),
    process.execPath,
    generator,
    ...numbers,
    path,
  ]);
  const line = /^RESULT (\{.*\})$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`no result from the generator:\n${stdout}`);
  // Printed by a program of ours in this shape.
  return JSON.parse(line) as CrowdResult;
}

function documentPath(): string {
  return fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
}
