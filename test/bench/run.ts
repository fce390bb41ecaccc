import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Comparison } from './comparison.ts';
import { background, commit, machineText } from './machine.ts';
import type { Peer } from './peer.ts';
import { peers as allPeers, references } from './peers/index.ts';
import { LOAD_CORE, outputOf } from './process.ts';
import { workTable, withSection } from './report.ts';
import { startEchoServers, startHttpServers } from './servers.ts';
import { works as allWorks } from './works.ts';
import type { Work } from './works.ts';

const USAGE = `npm run bench -- [--quick] [--work a,b] [--peers nginx,elb] [--rounds N] [--seconds N]

  --tls      what TLS costs, in a table of its own
  --quick    two rounds of one second, and docs/benchmarks.md stays as it is
  --work     ${allWorks.map(({ key, title }) => `${key}  ${title}`).join('\n             ')}
  --peers    ${allPeers.map(({ name }) => name).join(', ')};
             and for a, b, e and f ${references.map(({ name }) => name).join(', ')}, which passes bytes on unread
`;

/** Compares ELB with its peers: all of them at one work, in turn, round by round; then the next work. */
async function main(): Promise<void> {
  const { works, peers, rounds, seconds, writes } = readArguments();
  requireMachine();
  spawnSync('taskset', ['-cp', LOAD_CORE, String(process.pid)]);
  const directory = mkdtempSync(join(tmpdir(), 'elb-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

  const busy = (await background()).map((share) => `${(share * 100).toFixed(0)} %`).join(', ');
  const conditions = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${rounds} rounds of ${seconds} s; cores busy before: ${busy}.`;
  console.log(`${machineText(peers)}\n\n${conditions}`);
  if (writes) updateDocument('machine', machineText(allPeers));

  const servers = { http: await startHttpServers(directory), echo: await startEchoServers(directory) };
  const statsd = await statsdSink();
  for (const work of works) {
    const places = { servers: servers[work.servers].ports, statsdPort: statsd.address().port, directory };
    const table = workTable(work, await new Comparison(work, places).run(peers, rounds, seconds));
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
  if (missing.length === 0 && availableParallelism() > Number(LOAD_CORE)) return;
  process.stderr.write(
    `bench: needs two cores and Debian's util-linux, wrk and nginx; missing: ${missing.join(', ')}\n`,
  );
  process.exit(1);
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
    peers: peers === undefined ? allPeers : chosen([...allPeers, ...references], ({ name }) => name, peers),
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

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));

if (process.argv.includes('--tls')) await import('./tls.ts');
else await main();
