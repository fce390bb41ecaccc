import { parseArgs } from 'node:util';
import { describeHoldings, leaks, soak } from './soak.ts';

/** `npm run soak -- --minutes N`: everything at once for N minutes, and then what is left of it. */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, workers: { type: 'string', default: '2' } },
});
const minutes = Number(values.minutes);
const result = await soak({
  seconds: minutes * 60,
  warmUpSeconds: Math.max(20, Math.min(60, minutes * 6)),
  killEvery: 15,
  upgradeEvery: 60,
  workers: Number(values.workers),
  onProgress: (line) => console.log(line),
});
const { ledger, changes, kills, upgrades, before, after, complaints } = result;
const table = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([kind, count]) => `  ${count} ${kind}`).join('\n');

console.log(`\n${minutes} minutes, ${changes.made} changes, ${kills} workers killed, ${upgrades} upgrades`);
console.log(`done:\n${table(ledger.done)}`);
console.log(`lost with killed workers:\n${table(ledger.lost)}`);
console.log(`tunnels ended by drains: ${ledger.drained}`);
console.log(`before: ${describeHoldings(before)}\nafter:  ${describeHoldings(after)}`);
for (const line of complaints) console.log(`log: ${line}`);
const reasons = new Map<string, number>();
for (const { kind, what } of ledger.ours) reasons.set(`${kind}: ${what}`, (reasons.get(`${kind}: ${what}`) ?? 0) + 1);
for (const [reason, count] of reasons) console.log(`FAILED: ${count} x ${reason}`);
const left = leaks(result);
for (const leak of left) console.log(`LEFT: ${leak}`);
console.log(
  ledger.ours.length === 0 && left.length === 0 ? 'nothing failed for a reason of ours, nothing is left' : 'NOT GOOD',
);
process.exit(ledger.ours.length === 0 && left.length === 0 ? 0 : 1);
