import { expect } from 'chai';
import { failureOf, traceOf } from './simulate.ts';

const SEEDS = 2000;

describe('simulation of follow, sync and workers', () => {
  it(`holds for ${SEEDS} schedules`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const failure = failureOf(seed);
      if (failure === null) continue;
      const trace = failure.trace.slice(-30).join('\n');
      throw new Error(`npm run simulate -- --seed ${seed} --seeds 1: ${failure.reason}\n${trace}`);
    }
  }).timeout(120_000);

  it('replays a seed to the same trace', () => {
    for (const seed of [1, 2, 3]) expect(traceOf(seed)).to.deep.equal(traceOf(seed));
  });
});
