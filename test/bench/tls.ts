import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePort } from '../fixtures/free-ports.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { runH2load } from './h2load.ts';
import { readResult, runWrk } from './load.ts';
import { commit } from './machine.ts';
import { usageOf } from './measure.ts';
import { elb } from './peers/elb.ts';
import { nginx } from './peers/nginx.ts';
import { medianOf } from './percentiles.ts';
import { LOAD_CORE, PinnedProcess, PROXY_CORE, type Command } from './process.ts';
import { markdownTable, withSection } from './report.ts';
import { PATHS, startHttpServers } from './servers.ts';

/**
 * What TLS costs, beside nginx in the same run: `npm run bench -- --tls`. Requests on kept connections by HTTP/1.1 and HTTP/2, full handshakes and
 * resumed ones, with TLS 1.3 and a key of P-256; CPU time of the proxy alone, by turns, median of the rounds.
 */
const { values } = parseArgs({
  options: {
    tls: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 2 : Number(values.rounds);
const seconds = values.quick ? 1 : Number(values.seconds);

const directory = mkdtempSync(join(tmpdir(), 'elb-tls-'));
const ca = new TestCa();
process.on('exit', () => {
  rmSync(directory, { recursive: true, force: true });
  ca.remove();
});
spawnSync('taskset', ['-cp', LOAD_CORE, String(process.pid)]);
const servers = await startHttpServers(directory);
const pair = ca.issue({ names: ['DNS:localhost'] });
const peers = [await start('nginx'), await start('elb')];

interface Work {
  readonly title: string;
  readonly most: number;
  /** What of nginx's is compared: CPU time of one, or how many in a second of it. */
  readonly isRate: boolean;
  /** Seconds until V8 has compiled what is hot: of HTTP/2 there is more. */
  readonly warmUp: number;
  /** Answers how many were done. */
  run(port: number): Promise<number>;
}

const works: readonly Work[] = [
  {
    title: 'request on a kept connection',
    most: 1.2,
    isRate: false,
    warmUp: 2,
    run: async (port) => {
      const load = { path: PATHS.small, connections: 64, secure: true };
      const { requests, errors } = await runWrk(load, port, seconds, directory);
      if (errors > 0) throw new Error(`${errors} requests failed`);
      return requests;
    },
  },
  {
    title: 'HTTP/2, 10 streams on a kept connection',
    most: 3,
    isRate: false,
    warmUp: 5,
    run: async (port) => {
      const { done, succeeded, stdout } = await runH2load(`https://localhost:${port}${PATHS.small}`, 10, seconds);
      // A program that has just begun may shed.
      if (done === 0 || done - succeeded > done / 1000) throw new Error(stdout);
      return done;
    },
  },
  { title: 'full handshake', most: 0.8, isRate: true, warmUp: 2, run: (port) => shake(port, false) },
  { title: 'resumed handshake', most: 0.7, isRate: true, warmUp: 2, run: (port) => shake(port, true) },
];

const rows = [['', 'nginx, CPU us', 'ELB, CPU us', 'ELB to nginx', 'target']];
for (const work of works) rows.push(await compare(work));
for (const { pinned } of peers) await pinned.stop();
await servers.stop();
const table = markdownTable(rows);
const conditions = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${rounds} rounds of ${seconds} s.`;
console.log(`${conditions}\n\n${table}`);
const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
if (!values.quick) {
  const text = `### TLS\n\n${conditions}\n\n${table}`;
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'tls', text));
}

interface Running {
  readonly name: string;
  readonly port: number;
  readonly pinned: PinnedProcess;
}

async function compare(work: Work): Promise<string[]> {
  const costs = new Map(peers.map(({ name }) => [name, [] as number[]]));
  for (const { port } of peers) for (let warm = 0; warm < work.warmUp; warm += seconds) await work.run(port);
  for (let round = 0; round < rounds; round++) {
    for (const { name, port, pinned } of peers) {
      const before = usageOf(pinned.pid).cpuUs;
      const count = await work.run(port);
      costs.get(name)?.push((usageOf(pinned.pid).cpuUs - before) / count);
    }
  }
  const [theirs = 0, ours = 0] = peers.map(({ name }) => medianOf(costs.get(name) ?? []));
  const ratio = work.isRate ? theirs / ours : ours / theirs;
  const target = work.isRate ? `>= ${work.most} as many` : `<= ${work.most}`;
  return [work.title, theirs.toFixed(1), ours.toFixed(1), ratio.toFixed(2), target];
}

async function shake(port: number, resumes: boolean): Promise<number> {
  const program = fileURLToPath(new URL('programs/handshake-load.ts', import.meta.url));
  const numbers = [port, seconds, 8, resumes ? 1 : 0].map(String);
  const { stdout } = await promisify(execFile)('taskset', ['-c', LOAD_CORE, process.execPath, program, ...numbers]);
  // Printed by a program of ours in this shape.
  const result = readResult(stdout, 'handshake-load') as unknown as Record<'handshakes' | 'reused' | 'errors', number>;
  if (result.errors > 0 || (resumes && result.reused < result.handshakes)) {
    throw new Error(`not what was to be measured: ${JSON.stringify(result)}`);
  }
  return result.handshakes;
}

async function start(name: 'nginx' | 'elb'): Promise<Running> {
  const port = freePort();
  const place = join(directory, name);
  mkdirSync(place);
  writeFileSync(join(place, 'own.crt'), pair.certificate);
  writeFileSync(join(place, 'own.key'), pair.key);
  const scene = {
    directory: place,
    port,
    workers: 1,
    servers: servers.ports,
    table: 'small',
    statistics: null,
  } as const;
  const command =
    name === 'elb' ? secureElb(elb.prepare(scene), place, port) : secureNginx(nginx.prepare(scene), place, port);
  const pinned = await PinnedProcess.start(PROXY_CORE, command, join(place, 'log'));
  await pinned.accepts(port, 20_000);
  return { name, port, pinned };
}

function secureElb({ program, args }: Command, place: string, port: number): Command {
  const changed = args.map((arg) => (arg === `127.0.0.1:${port}` ? `tls:${arg}` : arg));
  return { program, args: [...changed, '--certs', place] };
}

function secureNginx(command: Command, place: string, port: number): Command {
  const file = join(place, 'nginx.conf');
  const lines = `listen 127.0.0.1:${port} ssl http2 backlog=4096;
    http2_max_requests 1000000000;
    ssl_certificate ${place}/own.crt;
    ssl_certificate_key ${place}/own.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_timeout 1h;`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(`listen 127.0.0.1:${port} backlog=4096;`, lines));
  return command;
}
