import { expect } from 'chai';
import fc from 'fast-check';
import { RetryBudget } from '../../lib/upstream/retry-budget.ts';

describe('a retry budget', () => {
  it('allows a share of the requests, and a few a second beside', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 1 });
    for (let i = 0; i < 100; i++) budget.deposit(1000);
    let allowed = 0;
    while (budget.withdraw(1500)) allowed++;
    expect(allowed).to.equal(30);
  });

  it('forgets what is ten seconds back', () => {
    const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0 });
    budget.deposit(1000);
    budget.deposit(1999);
    expect(budget.withdraw(10_999)).to.equal(true);
    for (let i = 0; i < 4; i++) budget.deposit(11_000);
    expect([budget.withdraw(11_000), budget.withdraw(11_000)]).to.deep.equal([true, false]);
    budget.deposit(1_000_000);
    expect(budget.withdraw(1_000_000)).to.equal(false);
  });

  it('never allows more in ten seconds than those requests and seconds give', () => {
    const events = fc.array(fc.record({ after: fc.nat(3000), requests: fc.nat(50), tries: fc.nat(50) }), {
      maxLength: 60,
    });
    const bounds = fc.record({ ratio: fc.double({ min: 0, max: 1, noNaN: true }), minPerSecond: fc.nat(5) });
    fc.assert(
      fc.property(events, bounds, (all, options) => {
        const budget = new RetryBudget(options);
        const log: { second: number; requests: number; spent: number }[] = [];
        let now = 1000;
        for (const { after, requests, tries } of all) {
          now += after;
          for (let i = 0; i < requests; i++) budget.deposit(now);
          let spent = 0;
          for (let i = 0; i < tries; i++) if (budget.withdraw(now)) spent++;
          const second = Math.floor(now / 1000);
          log.push({ second, requests, spent });
          const recent = log.filter((one) => one.second > second - 10);
          const sum = (key: 'requests' | 'spent'): number => recent.reduce((total, one) => total + one[key], 0);
          const allowed = sum('requests') * options.ratio + options.minPerSecond * 10;
          if (spent > 0) expect(sum('spent')).to.be.at.most(allowed + 1e-9);
          // Nor does it refuse what is allowed.
          if (spent < tries) expect(sum('spent') + 1).to.be.above(allowed - 1e-9);
        }
      }),
    );
  });
});
