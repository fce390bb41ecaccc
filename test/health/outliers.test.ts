import { expect } from 'chai';
import fc from 'fast-check';
import { Outliers, type Seen } from '../../lib/health/outliers.ts';
import type { OutlierOptions } from '../../lib/upstream/options/outlier.ts';

const OPTIONS: OutlierOptions = {
  consecutive: 5,
  failureRate: 0,
  slowFactor: 0,
  slowMs: 0,
  requests: 20,
  windowMs: 10_000,
  ejectMs: 30_000,
  maxEjectMs: 300_000,
  maxShare: 50,
};

describe('outliers', () => {
  let now = 0;
  beforeEach(() => {
    now = 1_700_000_000_000;
  });

  function outliers(count: number, differing: Partial<OutlierOptions> = {}): Outliers {
    const one = new Outliers({ ...OPTIONS, ...differing });
    one.keep(Array.from({ length: count }, (_, i) => `s${i}`));
    return one;
  }

  const good = (count: number, latencyMs = 0): Seen => ({
    good: count,
    failed: 0,
    trailing: 0,
    latencyMs: latencyMs * count,
  });
  const bad = (count: number): Seen => ({ good: 0, failed: count, trailing: count, latencyMs: 0 });

  it('puts a server out that fails so often in a row, whoever sees it', () => {
    const one = outliers(4);
    expect(one.see('s1', bad(4), now)).to.equal(null);
    expect(one.see('s1', bad(1), now)).to.include({ server: 's1', untilMs: now + 30_000 });
    expect(one.out).to.equal(1);
  });

  it('begins the row anew with every good reply', () => {
    const one = outliers(4);
    one.see('s1', bad(4), now);
    one.see('s1', { good: 1, failed: 3, trailing: 2, latencyMs: 0 }, now);
    expect(one.see('s1', bad(2), now)).to.equal(null);
    expect(one.see('s1', bad(1), now)).to.not.equal(null);
  });

  it('lets it in again when its time is over, and puts it out for twice as long the next time, up to the most', () => {
    const one = outliers(4);
    for (const seconds of [30, 60, 120, 240, 300, 300]) {
      const change = one.see('s0', bad(5), now);
      expect(change?.untilMs).to.equal(now + seconds * 1000);
      now += seconds * 1000 - 1;
      expect(one.turn(now)).to.deep.equal([]);
      now += 1;
      expect(one.turn(now)).to.deep.equal([{ server: 's0', untilMs: 0, reason: 'time is over' }]);
    }
  });

  it('forgets earlier times after as long in use as it was out', () => {
    const one = outliers(4);
    one.see('s0', bad(5), now);
    now += 30_000;
    one.turn(now);
    now += 30_000;
    expect(one.see('s0', bad(5), now)?.untilMs).to.equal(now + 30_000);
  });

  it('puts a server out for the share of its failures, of enough requests, within the window', () => {
    const one = outliers(4, { consecutive: 0, failureRate: 40 });
    expect(one.see('s0', { good: 3, failed: 16, trailing: 1, latencyMs: 0 }, now)).to.equal(null);
    expect(one.see('s0', { good: 1, failed: 0, trailing: 0, latencyMs: 0 }, now)?.reason).to.equal('80 % failures');
    one.see('s1', { good: 0, failed: 19, trailing: 0, latencyMs: 0 }, now);
    now += 10_000;
    expect(one.see('s1', bad(1), now)).to.equal(null);
  });

  it('puts a server out that is much slower than its peers', () => {
    const one = outliers(5, { slowFactor: 3, slowMs: 20 });
    for (const [i, ms] of [10, 12, 11, 29, 200].entries()) one.see(`s${i}`, good(20, ms), now);
    expect(one.turn(now)).to.deep.equal([{ server: 's4', untilMs: now + 30_000, reason: '200 ms beside 12 ms' }]);
  });

  it('does not call it slow what is milliseconds, or for what too few requests say', () => {
    const one = outliers(5, { slowFactor: 3, slowMs: 20 });
    for (const [i, ms] of [1, 1, 1, 1, 15].entries()) one.see(`s${i}`, good(20, ms), now);
    expect(one.turn(now)).to.deep.equal([]);
    one.see('s4', good(0, 0), now);
    const other = outliers(5, { slowFactor: 3, slowMs: 20 });
    for (const [i, ms] of [1, 1, 1, 1, 500].entries()) other.see(`s${i}`, good(i === 4 ? 19 : 20, ms), now);
    expect(other.turn(now)).to.deep.equal([]);
  });

  it('leaves the others in when so many are out, and says whom', () => {
    const one = outliers(4, { maxShare: 50 });
    for (const server of ['s0', 's1', 's2']) one.see(server, bad(5), now);
    expect(one.out).to.equal(2);
    expect(one.spared(now)).to.deep.equal(['s2']);
    expect(one.spared(now + 20_000)).to.deep.equal([]);
  });

  it('may always put one of several out, and never the only one', () => {
    const two = outliers(2, { maxShare: 1 });
    expect(two.see('s0', bad(5), now)).to.not.equal(null);
    expect(two.see('s1', bad(5), now)).to.equal(null);
    expect(outliers(1).see('s0', bad(5), now)).to.equal(null);
  });

  it('forgets servers that are gone, and keeps those that stay', () => {
    const one = outliers(3);
    one.see('s0', bad(5), now);
    one.see('s1', bad(4), now);
    one.keep(['s1', 's2', 's9']);
    expect(one.out).to.equal(0);
    expect(one.see('s0', bad(9), now)).to.equal(null);
    expect(one.see('s1', bad(1), now)).to.not.equal(null);
  });

  it('never has more out than it may, and lets everybody in again', () => {
    const event = fc.record({
      server: fc.integer({ min: 0, max: 9 }),
      good: fc.integer({ min: 0, max: 3 }),
      failed: fc.integer({ min: 0, max: 6 }),
      latencyMs: fc.integer({ min: 0, max: 500 }),
      passed: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 150 }),
        fc.integer({ min: 2, max: 10 }),
        fc.integer({ min: 0, max: 100 }),
        (events, count, maxShare) => {
          const one = outliers(count, { maxShare, failureRate: 50, slowFactor: 2, slowMs: 10, requests: 3 });
          const most = Math.max(1, Math.floor((count * maxShare) / 100));
          const out = new Set<string>();
          for (const { server, passed, failed, ...rest } of events) {
            now += passed;
            const seen = { ...rest, failed, trailing: failed };
            const change = one.see(`s${server}`, seen, now);
            for (const { server: name, untilMs } of [...(change === null ? [] : [change]), ...one.turn(now)]) {
              expect(out.has(name)).to.equal(untilMs === 0);
              if (untilMs === 0) out.delete(name);
              else out.add(name);
            }
            expect(one.out).to.equal(out.size);
            expect(out.size).to.be.at.most(most);
          }
          now += OPTIONS.maxEjectMs;
          one.turn(now);
          expect(one.out).to.equal(0);
        },
      ),
    );
  });
});
