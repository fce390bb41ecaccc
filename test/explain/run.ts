import { parseArgs } from 'node:util';
import { Pairs } from './pairs.ts';

/**
 * Compares what is told of random requests on random graphs with what becomes of them, until a count of pairs is reached, or something is not
 * as it was told: then it says what, and ends with 1. `npm run test:explain -- --pairs 100000 --seed 1`.
 */
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});
const REQUESTS = 20;
const first = Number(values.seed);
const count = Number(values.pairs);
const pairs = await Pairs.start();
let done = 0;
try {
  for (let seed = first; done < count; seed++, done += REQUESTS) {
    await pairs.run(seed, REQUESTS);
    if (done % 10_000 === 0) console.log(`${done} pairs are as they were told; seed ${seed}`);
  }
  console.log(
    `${done} pairs are as they were told, ${pairs.walks} walks compared, with ${JSON.stringify(pairs.seen)}; seeds from ${first}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await pairs.stop();
process.exit();
