/**
 * The full counts behind docs/reliability.md: `npm run test:lifecycle`. Real processes, real signals, load all the time; prints its
 * figures, and ends with 1 where a promise was not kept.
 */
import { drains } from './drains.ts';
import { kills } from './kills.ts';
import { crashes, upgrades } from './upgrades.ts';

const WORKERS = 2;
let isKept = true;

await part('50 drains of one of two instances behind one socket', async () => {
  const { codes, answered, lost } = await drains(50, WORKERS);
  return {
    figures: { drains: codes.length, answered, lost },
    kept: lost.length === 0 && codes.every((code) => code === 0),
  };
});

await part('50 workers killed', async () => {
  const { kills: killed, answered, held, lostThere, lostElsewhere, replacedMs, bySpare } = await kills(50, WORKERS);
  const sorted = replacedMs.toSorted((a, b) => a - b);
  const replaced = { medianMs: sorted[sorted.length >> 1], mostMs: sorted.at(-1) };
  return {
    figures: { killed, answered, held, lostThere, lostElsewhere, replaced, bySpare },
    kept: lostElsewhere.length === 0 && (sorted.at(-1) ?? Infinity) <= 200,
  };
});

await part('20 upgrades, and 10 to a version that cannot take over', async () => {
  const report = await upgrades(20, WORKERS);
  return { figures: report, kept: report.lost.length === 0 && report.wrong.length === 0 };
});

await part('20 primaries killed', async () => {
  const report = await crashes(20, WORKERS);
  return { figures: report, kept: report.lost.length === 0 && report.wrong.length === 0 };
});

process.exit(isKept ? 0 : 1);

async function part(name: string, run: () => Promise<{ figures: object; kept: boolean }>): Promise<void> {
  const began = performance.now();
  const { figures, kept } = await run();
  isKept &&= kept;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${kept ? 'kept' : 'NOT KEPT'}: ${name} (${seconds} s)\n  ${JSON.stringify(figures)}`);
}
