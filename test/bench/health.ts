import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RUNTIME_FLAGS } from '../../bin/runtime-flags.ts';
import type { CheckOptions } from '../../lib/upstream/options/checks.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { commit } from './machine.ts';
import { LOAD_CORE, PinnedProcess, PROXY_CORE } from './process.ts';
import { markdownTable, withSection } from './report.ts';

/**
 * What active checks cost: 10,000 of them a second, as 100,000 servers with an interval of 10 s have, against nginx on the other
 * core. Few machines have 100,000 descriptors to spare, so it is fewer servers with a shorter interval.
 * `npm run bench:health -- --servers 15000 --seconds 10`; with `--quick` docs/benchmarks.md stays as it is.
 */
const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '15000' },
    seconds: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
  },
});
const servers = Number(values.servers);
const seconds = Number(values.seconds);
const CHECKS_PER_SECOND = 10_000;
const intervalMs = (servers / CHECKS_PER_SECOND) * 1000;

const COMMON = {
  intervalMs,
  jitter: 0.1,
  timeoutMs: 1000,
  rise: 2,
  fall: 2,
  initial: 'up',
  port: null,
  spareBusy: true,
} as const;
const HTTP: CheckOptions = {
  ...COMMON,
  kind: 'http',
  secure: null,
  method: 'GET',
  path: '/',
  host: null,
  fields: [],
  statuses: [{ from: 200, to: 299 }],
  body: null,
  reuse: true,
};
const KINDS: readonly (readonly [what: string, options: CheckOptions, busyShare: number])[] = [
  ['`http`, all servers idle', HTTP, 0],
  ['`http`, half of the servers answer requests', HTTP, 0.5],
  ['`http`, all servers answer requests', HTTP, 1],
  ['`http` with `reuse: false`', { ...HTTP, reuse: false }, 0],
  ['`tcp`', { ...COMMON, kind: 'tcp', send: '', expect: null }, 0],
];

const directory = mkdtempSync(join(tmpdir(), 'elb-bench-'));
const port = freePort();
writeFileSync(
  join(directory, 'nginx.conf'),
  `daemon off; pid ${directory}/pid; error_log ${directory}/errors; worker_processes 1; worker_rlimit_nofile 20000;
# Far more than are used: nginx ends idle ones when few are left.
events { worker_connections ${servers * 2}; }
http {
  access_log off; keepalive_timeout 1h; keepalive_requests 1000000000;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server { listen 0.0.0.0:${port} backlog=4096; location / { return 200 ok; } }
}`,
);
const nginx = await PinnedProcess.start(
  LOAD_CORE,
  { program: 'nginx', args: ['-e', 'stderr', '-c', join(directory, 'nginx.conf')] },
  join(directory, 'log'),
);
await nginx.accepts(port, 5000);

const rows: string[][] = [];
for (const [what, options, busyShare] of KINDS) {
  const { coreShare, checksPerSecond, up, waiting, bytesPerServer } = await measure(options, busyShare);
  if (up !== servers) throw new Error(`${what}: ${up} of ${servers} are up`);
  console.log(what, coreShare.toFixed(3), checksPerSecond.toFixed(0), waiting, bytesPerServer.toFixed(0));
  rows.push([
    what,
    Math.round(checksPerSecond).toString(),
    `${(coreShare * 100).toFixed(1)} %`,
    checksPerSecond < 1 ? '-' : ((coreShare * 1e6) / checksPerSecond).toFixed(1),
    (bytesPerServer / 1024).toFixed(1),
  ]);
}
for (const kind of ['http', 'tcp']) {
  const floor = floorOf(kind);
  if (floor === null) {
    console.log('without a C compiler (cc) there is no floor to compare with');
    break;
  }
  const { coreShare, checksPerSecond } = floor;
  console.log(`floor of ${kind}`, coreShare.toFixed(3), checksPerSecond.toFixed(0));
  const share = `${(coreShare * 100).toFixed(1)} %`;
  const each = ((coreShare * 1e6) / checksPerSecond).toFixed(1);
  rows.push([`\`${kind}\` in C, the system calls alone`, Math.round(checksPerSecond).toString(), share, each, '-']);
}
await nginx.stop();
rmSync(directory, { recursive: true });

const head = ['checks', 'made per s', 'of a core', 'us each', 'KiB per server'];
const table = markdownTable([head, ...rows]);
const conditions = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}; ${servers} servers, an interval of ${intervalMs} ms, ${seconds} s.`;
console.log(`${conditions}\n\n${table}`);
if (!values.quick) {
  const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  const text = `### Health checks: ${CHECKS_PER_SECOND} due each second\n\n${conditions}\n\n${table}`;
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'health', text));
}

/** What a program costs that makes the system calls of such checks and does nothing else; null: it cannot be compiled here. */
function floorOf(kind: string): Pick<Result, 'coreShare' | 'checksPerSecond'> | null {
  const source = fileURLToPath(new URL('programs/check-floor.c', import.meta.url));
  const program = join(directory, 'check-floor');
  const { status } = spawnSync('cc', ['-O2', '-o', program, source], { stdio: 'inherit' });
  if (status !== 0) return null;
  const args = ['-c', String(PROXY_CORE), program, kind, port, servers, seconds].map(String);
  const { stdout } = spawnSync('taskset', args, { encoding: 'utf8' });
  return JSON.parse(stdout) as Result; // written by our own program
}

interface Result {
  readonly coreShare: number;
  readonly checksPerSecond: number;
  readonly up: number;
  readonly waiting: number;
  readonly bytesPerServer: number;
}

async function measure(options: CheckOptions, busyShare: number): Promise<Result> {
  const program = fileURLToPath(new URL('programs/health-checks.ts', import.meta.url));
  const args = [...RUNTIME_FLAGS, '--expose-gc', program, port, servers, seconds, busyShare, JSON.stringify(options)];
  const child = spawn(process.execPath, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  spawnSync('taskset', ['-cp', String(PROXY_CORE), String(child.pid)]);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  const [code] = (await once(child, 'close')) as [number]; // the event's arguments
  const result = /^RESULT (.*)$/m.exec(output)?.[1];
  if (result === undefined) throw new Error(`the checking process ended with ${code}: ${output}`);
  return JSON.parse(result) as Result; // written by our own program
}
