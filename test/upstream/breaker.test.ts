import { expect } from 'chai';
import fc from 'fast-check';
import { Breaker, BreakerState, outcomeOf, type BreakerOptions } from '../../lib/upstream/breaker.ts';
import { Outcome } from '../../lib/upstream/window.ts';

/** Settings as other breakers have them by default. */
const OPTIONS: BreakerOptions = {
  window: 'count',
  size: 100,
  failureRate: 50,
  slowRate: 100,
  slowMs: 60_000,
  minimum: 100,
  openMs: 60_000,
  trial: 10,
  trialMs: 0,
};

describe('circuit breaker', () => {
  let now = 0;
  beforeEach(() => {
    now = 1_700_000_000_000;
  });

  function breaker(differing: Partial<BreakerOptions> = {}): Breaker {
    return new Breaker({ ...OPTIONS, ...differing });
  }

  /** Calls one after the other; how many were let through. */
  function calls(one: Breaker, count: number, outcome: number): number {
    let admitted = 0;
    for (let i = 0; i < count; i++) {
      if (!one.admit(now)) continue;
      admitted++;
      one.record(one.generation, outcome, now);
    }
    return admitted;
  }

  it('lets call 101 fail fast when 50 of 100 have failed', () => {
    const one = breaker();
    calls(one, 50, Outcome.GOOD);
    expect(calls(one, 50, Outcome.FAILED)).to.equal(50);
    expect(one.state).to.equal(BreakerState.OPEN);
    expect(one.admit(now)).to.equal(false);
    expect(one.remaining(now)).to.equal(60_000);
  });

  it('stays closed at 49 of 100, and forgets calls older than the last 100', () => {
    const one = breaker();
    calls(one, 51, Outcome.GOOD);
    calls(one, 49, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    calls(one, 100, Outcome.GOOD);
    calls(one, 49, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    calls(one, 1, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.OPEN);
  });

  it('decides nothing before the minimum of calls', () => {
    const one = breaker({ minimum: 10 });
    calls(one, 9, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    calls(one, 1, Outcome.GOOD);
    expect(one.state).to.equal(BreakerState.OPEN);
  });

  it('compares whole percents: 33 of 100 of 3 calls are 33', () => {
    const one = breaker({ minimum: 3, failureRate: 34 });
    calls(one, 2, Outcome.GOOD);
    calls(one, 1, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    const other = breaker({ minimum: 3, failureRate: 33 });
    calls(other, 2, Outcome.GOOD);
    calls(other, 1, Outcome.FAILED);
    expect(other.state).to.equal(BreakerState.OPEN);
  });

  it('opens for slow calls, of which failures are none', () => {
    const one = breaker({ minimum: 4, slowRate: 50 });
    calls(one, 2, Outcome.GOOD);
    calls(one, 1, Outcome.SLOW);
    calls(one, 1, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    calls(one, 1, Outcome.SLOW);
    calls(one, 1, Outcome.SLOW);
    expect(one.state).to.equal(BreakerState.OPEN);
    expect(outcomeOf(true, 99, 10)).to.equal(Outcome.FAILED);
    expect(outcomeOf(false, 10, 10)).to.equal(Outcome.SLOW);
    expect(outcomeOf(false, 9, 10)).to.equal(Outcome.GOOD);
  });

  it('ages out the failures of a time window', () => {
    const one = breaker({ window: 'time', size: 10, minimum: 4 });
    calls(one, 3, Outcome.FAILED);
    now += 10_000;
    calls(one, 3, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
    now += 1000;
    calls(one, 1, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.OPEN);
  });

  for (const [what, outcome, state] of [
    ['closes after a good trial', Outcome.GOOD, BreakerState.CLOSED],
    ['opens again after a bad one', Outcome.FAILED, BreakerState.OPEN],
  ] as const) {
    it(`is half open from the first call after its time: lets ten through and ${what}`, () => {
      const one = breaker();
      calls(one, 100, Outcome.FAILED);
      now += 59_999;
      expect(one.admit(now)).to.equal(false);
      now += 1;
      const admitted = Array.from({ length: 15 }, () => one.admit(now)).filter(Boolean).length;
      expect(admitted).to.equal(10);
      expect(one.state).to.equal(BreakerState.HALF_OPEN);
      for (let i = 0; i < 10; i++) one.record(one.generation, outcome, now);
      expect(one.state).to.equal(state);
    });
  }

  it('decides a trial after the minimum of calls where that is less', () => {
    const one = breaker({ minimum: 4 });
    calls(one, 4, Outcome.FAILED);
    now += 60_000;
    calls(one, 4, Outcome.GOOD);
    expect(one.state).to.equal(BreakerState.CLOSED);
  });

  it('ignores results of calls that began in an earlier state', () => {
    const one = breaker({ minimum: 2 });
    const before = one.generation;
    calls(one, 2, Outcome.FAILED);
    now += 60_000;
    one.admit(now);
    for (let i = 0; i < 5; i++) one.record(before, Outcome.FAILED, now);
    expect(one.state).to.equal(BreakerState.HALF_OPEN);
  });

  it('begins with an empty window when it has closed', () => {
    const one = breaker({ minimum: 2 });
    calls(one, 2, Outcome.FAILED);
    now += 60_000;
    calls(one, 2, Outcome.GOOD);
    expect(one.state).to.equal(BreakerState.CLOSED);
    calls(one, 1, Outcome.FAILED);
    expect(one.state).to.equal(BreakerState.CLOSED);
  });

  it('opens again when a trial takes too long, and only where there is such a bound', () => {
    for (const [trialMs, state] of [
      [5000, BreakerState.OPEN],
      [0, BreakerState.HALF_OPEN],
    ] as const) {
      const one = breaker({ trialMs });
      calls(one, 100, Outcome.FAILED);
      now += 60_000;
      for (let i = 0; i < 10; i++) one.admit(now);
      now += 5000;
      expect(one.admit(now)).to.equal(false);
      expect(one.state).to.equal(state);
    }
  });

  it('counts what others have seen while closed, and follows their decisions', () => {
    const one = breaker();
    calls(one, 50, Outcome.GOOD);
    expect(one.learn(Outcome.FAILED, 50, now)).to.equal(true);
    expect(one.state).to.equal(BreakerState.OPEN);
    expect(one.learn(Outcome.GOOD, 500, now)).to.equal(false);
    const other = breaker();
    other.follow(BreakerState.OPEN, now - 20_000);
    expect(other.remaining(now)).to.equal(40_000);
    other.follow(BreakerState.CLOSED, now);
    expect(other.admit(now)).to.equal(true);
  });

  it('keeps its state, and what it has seen in the same window, when its options change', () => {
    const one = breaker();
    calls(one, 60, Outcome.FAILED);
    one.change({ ...OPTIONS, minimum: 61 });
    calls(one, 1, Outcome.GOOD);
    expect(one.state).to.equal(BreakerState.OPEN);
    one.change({ ...OPTIONS, openMs: 10_000, size: 7 });
    now += 10_000;
    expect(one.admit(now)).to.equal(true);
  });

  it('never lets more through than the trial while half open, whatever happens', () => {
    const step = fc.record({
      passed: fc.integer({ min: 0, max: 40_000 }),
      outcome: fc.constantFrom(Outcome.GOOD, Outcome.SLOW, Outcome.FAILED),
      answered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, trial) => {
        const one = breaker({ minimum: 5, size: 5, trial });
        const open: { generation: number; outcome: number }[] = [];
        const admitted = new Map<number, number>();
        for (const { passed, outcome, answered } of steps) {
          now += passed;
          const wasOpen = one.state === BreakerState.OPEN && one.remaining(now) > 0;
          if (one.admit(now)) {
            expect(wasOpen).to.equal(false);
            open.push({ generation: one.generation, outcome });
            if (one.state === BreakerState.HALF_OPEN) {
              admitted.set(one.generation, (admitted.get(one.generation) ?? 0) + 1);
            }
          }
          const ended = answered ? open.shift() : undefined;
          if (ended !== undefined) one.record(ended.generation, ended.outcome, now);
        }
        for (const count of admitted.values()) expect(count).to.be.at.most(trial);
      }),
    );
  });
});
