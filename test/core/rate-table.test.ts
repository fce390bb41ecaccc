import { expect } from 'chai';
import * as fc from 'fast-check';
import { RateTable, type Rate } from '../../lib/core/rate-table.ts';

const bucket = (limit: number, perMs: number, more: Partial<Rate> = {}): Rate => ({
  algorithm: 'token-bucket',
  limit,
  perMs,
  burst: limit,
  waitMs: 0,
  ...more,
});
const sliding = (limit: number, perMs: number): Rate => bucket(limit, perMs, { algorithm: 'sliding-window' });

describe('RateTable', () => {
  it('allows the burst at once and then one for each part of the time', () => {
    const table = new RateTable();
    const rate = bucket(5, 1000);
    const at = (now: number): boolean => table.take('a', rate, now).allowed;
    expect([0, 0, 0, 0, 0, 0].map(at)).to.deep.equal([true, true, true, true, true, false]);
    expect([199, 200, 200, 400, 1000, 1000, 1000, 1000].map(at)).to.deep.equal([
      false,
      true,
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('lets the sixth of five a second wait for its turn, where it may', () => {
    const rate = bucket(5, 1000, { waitMs: 1000 });
    const table = new RateTable();
    const delays = Array.from({ length: 11 }, () => table.take('a', rate, 0)).map((verdict) =>
      verdict.allowed ? Math.round(verdict.delayMs) : 'no',
    );
    expect(delays).to.deep.equal([0, 0, 0, 0, 0, 200, 400, 600, 800, 1000, 'no']);
    expect(table.take('a', bucket(5, 1000), 0).delayMs).to.equal(1200);
  });

  it('counts what is left and when all is there again', () => {
    const table = new RateTable();
    expect(table.take('a', bucket(10, 1000), 0)).to.deep.equal({
      allowed: true,
      delayMs: 0,
      remaining: 9,
      resetMs: 100,
    });
    expect(table.take('a', bucket(10, 1000), 0, true)).to.include({ remaining: 8 });
    expect(table.take('a', bucket(10, 1000), 0)).to.include({ remaining: 8 });
    expect(table.take('b', sliding(10, 1000), 100)).to.include({ remaining: 9, resetMs: 1000 });
  });

  it('slides: what was counted before counts in proportion', () => {
    const table = new RateTable();
    const rate = sliding(10, 1000);
    for (let i = 0; i < 10; i++) expect(table.take('a', rate, 0).allowed).to.equal(true);
    expect(table.take('a', rate, 999)).to.include({ allowed: false });
    expect(table.take('a', rate, 1000).allowed).to.equal(false);
    expect(table.take('a', rate, 1100).allowed).to.equal(true);
    expect(table.take('a', rate, 1100).allowed).to.equal(false);
    expect(table.take('a', rate, 5000)).to.include({ allowed: true, remaining: 9 });
  });

  for (const algorithm of ['token-bucket', 'sliding-window'] as const)
    it(`never allows more than twice the limit in any time, nor less than it should (${algorithm})`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 20 }),
          fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
          (limit, gaps) => {
            const table = new RateTable();
            const rate = { ...bucket(limit, 1000), algorithm };
            const taken: number[] = [];
            let now = 0;
            for (const gap of gaps) {
              now += gap;
              const { allowed, delayMs } = table.take('a', rate, now);
              if (allowed) taken.push(now);
              else expect(table.take('a', rate, now + delayMs + 0.01, true).allowed).to.equal(true);
            }
            for (const from of taken) {
              const within = taken.filter((at) => at >= from && at < from + 1000).length;
              expect(within).to.be.at.most(algorithm === 'token-bucket' ? 2 * limit : limit + Math.ceil(limit / 2));
            }
            expect(taken.length > 0).to.equal(gaps.length > 0);
          },
        ),
        { numRuns: 100 },
      );
    });

  it('holds no more values than it may, and a flood of them finds no way round the limit', () => {
    const table = new RateTable(1000);
    const rate = bucket(2, 3_600_000);
    let allowed = 0;
    for (let i = 0; i < 100_000; i++) if (table.take(`v${i}`, rate, 0).allowed) allowed++;
    expect(table.size).to.be.at.most(1000 + 256);
    expect(allowed).to.be.at.most(1000 + 2 * 256);
    expect(table.take('v1', rate, 0).allowed).to.equal(true);
    expect(table.take('v1', rate, 0).allowed).to.equal(false);
  });

  it('forgets values that are back at the beginning', () => {
    const table = new RateTable(100);
    for (let i = 0; i < 10_000; i++) table.take(`v${i}`, bucket(1, 10), i * 10);
    expect(table.size).to.be.at.most(101);
    expect(table.take('new', bucket(1, 10), 200_000).allowed).to.equal(true);
  });
});
