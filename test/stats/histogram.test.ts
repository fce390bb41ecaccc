import { expect } from 'chai';
import fc from 'fast-check';
import { bucketOf, Histogram, lowestOf } from '../../lib/stats/histogram.ts';

const value = fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 100_000 }), fc.nat({ max: 0x7fffffff }));

describe('histogram', () => {
  it('puts every number into the one bucket that holds it', () => {
    fc.assert(
      fc.property(value, (n) => {
        const bucket = bucketOf(n);
        expect(lowestOf(bucket)).to.be.at.most(n);
        expect(lowestOf(bucket + 1)).to.be.above(n);
      }),
    );
  });

  it('counts what is out of range in the first and last bucket', () => {
    expect(bucketOf(-5)).to.equal(0);
    expect(bucketOf(1e12)).to.equal(bucketOf(0x7fffffff));
  });

  it('reads quantiles to 3.2 %', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const histogram = new Histogram();
        for (const n of values) histogram.record(n);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(values.length * q) - 1)] ?? 0;
        expect(Math.abs(histogram.quantile(q) - exact)).to.be.at.most(exact * 0.032);
      }),
    );
  });

  it('is the same, taken apart and merged, as recorded at once', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value)), (parts) => {
        const [whole, merged, added] = [new Histogram(), new Histogram(), new Histogram()];
        for (const part of parts) {
          const one = new Histogram();
          for (const n of part) {
            whole.record(n);
            one.record(n);
          }
          added.add(one);
          const delta = one.take();
          if (delta !== null) merged.merge(delta);
          expect(one.take()).to.equal(null);
        }
        for (const other of [merged, added]) {
          expect(other.count).to.equal(whole.count);
          expect(other.sum).to.equal(whole.sum);
          for (const q of [0.25, 0.5, 0.99]) expect(other.quantile(q)).to.equal(whole.quantile(q));
        }
      }),
    );
  });

  it('counts what is at most a bound at the edges of buckets', () => {
    const histogram = new Histogram();
    for (const n of [0, 1, 16, 31, 32, 1000]) histogram.record(n);
    expect([0, 1, 15, 31, 63, 4096].map((bound) => histogram.upTo(bound))).to.deep.equal([1, 2, 2, 4, 5, 6]);
    expect(new Histogram().quantile(0.5)).to.equal(0);
  });
});
