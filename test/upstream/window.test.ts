import { expect } from 'chai';
import fc from 'fast-check';
import { CountWindow, Outcome, TimeWindow, type Window } from '../../lib/upstream/window.ts';

const outcome = fc.constantFrom(Outcome.GOOD, Outcome.SLOW, Outcome.FAILED);

function expectCounts(window: Window, outcomes: readonly number[]): void {
  expect(window.calls).to.equal(outcomes.length);
  expect(window.failures).to.equal(outcomes.filter((one) => one === Outcome.FAILED).length);
  expect(window.slow).to.equal(outcomes.filter((one) => one === Outcome.SLOW).length);
}

describe('windows of calls', () => {
  it('by count hold the last N', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (outcomes, size) => {
        const window = new CountWindow(size);
        for (const [i, one] of outcomes.entries()) {
          window.add(one);
          expectCounts(window, outcomes.slice(Math.max(0, i + 1 - size), i + 1));
        }
      }),
    );
  });

  it('by time hold what the last N seconds have brought, the present one included', () => {
    const call = fc.tuple(outcome, fc.integer({ min: 0, max: 3500 }));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), fc.integer({ min: 1, max: 10 }), (calls, seconds) => {
        const window = new TimeWindow(seconds);
        const made: { readonly second: number; readonly one: number }[] = [];
        let now = 1_700_000_000_000;
        for (const [one, passed] of calls) {
          now += passed;
          window.add(one, now);
          const second = Math.floor(now / 1000);
          made.push({ second, one });
          const young = made.filter((other) => other.second > second - seconds);
          expectCounts(
            window,
            young.map((other) => other.one),
          );
        }
        window.age(now + seconds * 1000);
        expectCounts(window, []);
      }),
    );
  });

  it('are empty after clear', () => {
    for (const window of [new CountWindow(3), new TimeWindow(3)]) {
      for (let i = 0; i < 5; i++) window.add(Outcome.FAILED, i);
      window.clear();
      expectCounts(window, []);
      window.add(Outcome.SLOW, 5);
      expectCounts(window, [Outcome.SLOW]);
    }
  });
});
