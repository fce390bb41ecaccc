import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePorts } from '../fixtures/free-ports.ts';
import { CONTENDERS, runTrouble, TenServers, TROUBLES } from './failing-scenario.ts';
import { commit } from './machine.ts';
import { LOAD_CORE, PinnedProcess } from './process.ts';
import { markdownTable, withSection } from './report.ts';

/**
 * What clients notice when one of ten servers is in trouble: ELB, nginx and HAProxy with their defaults, at the same time, in front of
 * the same servers. `npm run bench:failing -- --seconds 40 --rate 100`; with `--quick` docs/upstreams.md stays as it is.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    rate: { type: 'string', default: '100' },
    quick: { type: 'boolean', default: false },
  },
});
const timing = { ratePerS: Number(values.rate), seconds: Number(values.seconds), patienceMs: 5000 };

const directory = mkdtempSync(join(tmpdir(), 'elb-failing-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const servers = await TenServers.start();
const rows: string[][] = [];
for (const trouble of TROUBLES) {
  // Fresh ones, so that none has anything to remember.
  const ports = freePorts(CONTENDERS.length);
  const running = await Promise.all(
    CONTENDERS.map(async (contender, i) => {
      const port = ports[i] ?? 0;
      const command = contender.command(port, servers.ports, directory);
      const started = await PinnedProcess.start(LOAD_CORE, command, join(directory, `${contender.name}.out`));
      await started.accepts(port, 20_000);
      return started;
    }),
  );
  const results = await runTrouble(trouble, servers, ports, timing);
  for (const [i, { name }] of CONTENDERS.entries()) {
    const result = results[i];
    if (result === undefined) continue;
    const seen = Object.entries(result.failures).map(([how, count]) => `${count} x ${how}`);
    rows.push([
      trouble,
      name,
      String(result.requests),
      String(result.failed),
      result.p50Ms.toFixed(0),
      result.p99Ms.toFixed(0),
      seen.join(', ') || '-',
    ]);
    console.log(rows.at(-1)?.join('  '));
  }
  await Promise.all(running.map((one) => one.stop()));
}
await servers.stop();

const table = markdownTable([['one of ten is', 'balancer', 'requests', 'failed', 'p50 ms', 'p99 ms', 'seen'], ...rows]);
const conditions =
  `${new Date().toISOString().slice(0, 10)}, commit ${commit()}: ${timing.ratePerS} requests a second for ${timing.seconds} s, the ` +
  `server in trouble for half of that, clients who wait ${timing.patienceMs / 1000} s.`;
console.log(`\n${conditions}\n\n${table}`);
if (!values.quick) {
  const document = fileURLToPath(new URL('../../docs/upstreams.md', import.meta.url));
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'failing', `${conditions}\n\n${table}`));
}
