import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { commit } from './machine.ts';
import { patientLoad } from './patient-load.ts';
import { freePort, LOAD_CORE, PinnedProcess, PROXY_CORE } from './process.ts';
import { markdownTable, withSection } from './report.ts';

/**
 * What a scrape costs the requests of others: every domain has had a request and every server is in the table, and phases of load with a
 * scrape every two seconds are compared with phases without any. The worker has a core for itself, and answers by itself, so that no server
 * is measured; the primary, which writes the page, shares the other core with the scraper and with the load, which comes first there.
 * `npm run bench:scrape -- --domains 100000 --servers 10000 --seconds 6 --rounds 4`; with `--quick` docs/benchmarks.md stays as it is.
 */
const { values } = parseArgs({
  options: {
    domains: { type: 'string', default: '100000' },
    servers: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '4' },
    quick: { type: 'boolean', default: false },
  },
});
const LF = 0x0a;
const PAUSE_MS = 2000;
const domains = Number(values.domains);
const seconds = Number(values.seconds);
const directory = mkdtempSync(join(tmpdir(), 'elb-bench-scrape-'));
const [port, scrapePort] = [await freePort(), await freePort()];
const file = join(directory, 'elb.json');
writeFileSync(file, JSON.stringify(table()));
const program = fileURLToPath(new URL('../../bin/elb.ts', import.meta.url));
const elb = await PinnedProcess.start(
  LOAD_CORE,
  {
    program: process.execPath,
    args: [
      program,
      '--file',
      file,
      '--listen',
      `127.0.0.1:${port}`,
      '--metrics-listen',
      `127.0.0.1:${scrapePort}`,
      '--workers',
      '1',
    ],
    env: { ELB_STATE: join(directory, 'state') },
  },
  join(directory, 'elb.log'),
);

try {
  await elb.accepts(port, 60_000);
  await elb.accepts(scrapePort, 60_000);
  await pinWorkers();
  await touchAll();
  const first = await scrape();
  setPriority(process.pid, -20);
  const quiet: number[] = [];
  const scraped: number[] = [];
  let scrapes = 0;
  await patientLoad(port, Number(values.rate), 2, 2000);
  for (let round = 0; round < Number(values.rounds); round++) {
    quiet.push((await patientLoad(port, Number(values.rate), seconds, 2000)).p99Ms);
    const isOver = new AbortController();
    const scraping = (async () => {
      for (; !isOver.signal.aborted; scrapes++) {
        await run('curl', ['-s', '-o', '/dev/null', `http://127.0.0.1:${scrapePort}/metrics`]);
        await delay(PAUSE_MS);
      }
    })();
    scraped.push((await patientLoad(port, Number(values.rate), seconds, 2000)).p99Ms);
    isOver.abort();
    await scraping;
  }
  report(first, scrapes, quiet, scraped);
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
  return {
    domains: { ...Object.fromEntries(names), 'a.test': loaded },
    upstreams,
  };
}

/** Workers get the core that nothing else is on. */
async function pinWorkers(): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/__erulb__/status`);
  // The shape of the admin API.
  const { workers } = (await answer.json()) as { workers: { pid: number }[] };
  for (const { pid } of workers) await run('taskset', ['-a', '-c', '-p', PROXY_CORE, String(pid)]);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  await once(spawn(command, args, { stdio: 'ignore' }), 'exit');
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

function report(first: Scrape, scrapes: number, quiet: readonly number[], scraped: readonly number[]): void {
  const [without, during] = [median(quiet), median(scraped)];
  const text = `${markdownTable(
    [
      ['', 'p99 (median of the phases)', 'phases'],
      ['without a scrape', `${without.toFixed(2)} ms`, quiet.map((ms) => ms.toFixed(2)).join(', ')],
      ['with a scrape every 2 s', `${during.toFixed(2)} ms`, scraped.map((ms) => ms.toFixed(2)).join(', ')],
    ],
    'left',
  )}

${domains} domains, ${values.servers} servers: a page of ${first.series} lines and ${(first.bytes / 1e6).toFixed(1)} MB, which took ${(first.ms / 1000).toFixed(1)} s without load;
${scrapes} scrapes under load of ${values.rate} requests a second. Difference of the medians: ${((during / without - 1) * 100).toFixed(1)} %; where phases of one kind differ more
than that among themselves, the machine was not quiet enough to tell more. Measured at ${commit()} by \`npm run bench:scrape\`.
`;
  process.stdout.write(text);
  if (values.quick) return;
  const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'scrape', `### A scrape\n\n${text}`));
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}
