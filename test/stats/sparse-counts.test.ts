import { expect } from 'chai';
import fc from 'fast-check';
import { countInPairs, SparseCounts } from '../../lib/stats/sparse-counts.ts';

/** Pairs as what they count. */
function counted(pairs: readonly number[]): ReadonlyMap<number, number> {
  return new Map(Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i] ?? 0, pairs[2 * i + 1] ?? 0]));
}

describe('sparse counts', () => {
  it('count what a Map counts, few numbers and many', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 })), (numbers) => {
        const counts = new SparseCounts();
        const model = new Map<number, number>();
        for (const number of numbers) {
          counts.add(number);
          model.set(number, (model.get(number) ?? 0) + 1);
        }
        const taken = counts.take();
        expect(counted(taken)).to.deep.equal(model);
        expect(taken).to.have.length(2 * model.size);
        expect(counts.take()).to.deep.equal([]);
      }),
    );
  });

  it('side by side are in ascending order, and take so many numbers and no more', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 5 }))), (counts) => {
        const pairs: number[] = [];
        const model = new Map<number, number>();
        for (const [number, count] of counts) {
          const before = [...pairs];
          if (countInPairs(pairs, number, count)) model.set(number, (model.get(number) ?? 0) + count);
          else expect(pairs).to.deep.equal(before);
        }
        expect(counted(pairs)).to.deep.equal(model);
        const numbers = pairs.filter((_, i) => i % 2 === 0);
        expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b));
        expect(model.size).to.equal(Math.min(12, new Set(counts.map(([number]) => number)).size));
      }),
    );
  });
});
