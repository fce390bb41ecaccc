import { inspect, parseArgs } from 'node:util';
import { fuzzOnce, fuzzTargets } from './targets.ts';

/**
 * Fuzzes until its time or its count is up, each target in turn, or until something is found: then it says how to bring it
 * again and ends with 1. `npm run fuzz -- --seconds 60 --seed 1 --target exchange --count 1`.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    count: { type: 'string', default: 'Infinity' },
  },
});
const end = performance.now() + Number(values.seconds) * 1000;
const count = Number(values.count);
const all = await fuzzTargets();
const targets = all.filter(({ name }) => values.target === undefined || values.target === name);
if (targets.length === 0) throw new Error(`there are ${all.map(({ name }) => name).join(', ')}`);
process.on('uncaughtException', (error) => {
  console.error(`uncaught, near seed ${seed}: ${inspect(error)}`);
  process.exit(1);
});

let seed = Number(values.seed);
let runs = 0;
console.log(`seed ${seed}`);
try {
  for (; runs < count && performance.now() < end; runs++, seed++)
    for (const target of targets) await fuzzOnce(target, seed);
} catch (error) {
  console.error(inspect(error));
  process.exitCode = 1;
}
console.log(`${runs} runs of each of ${targets.map(({ name }) => name).join(', ')}`);
await Promise.all(all.map((target) => target.stop()));
process.exit();
