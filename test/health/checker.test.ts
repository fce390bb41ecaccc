import { expect } from 'chai';
import fc from 'fast-check';
import { Wheel } from '../../lib/core/wheel.ts';
import { Verdict, type Check, type CheckOwner } from '../../lib/health/check.ts';
import { Cohort } from '../../lib/health/cohort.ts';
import { Checker, type Checked, type CheckedOwner } from '../../lib/health/checker.ts';

const TICK_MS = 50;

describe('checker', () => {
  let now = 0;
  let wheel: Wheel;

  beforeEach(() => {
    now = 1_000_000;
    wheel = new Wheel(TICK_MS, 64, () => now);
  });

  function pass(ms: number): void {
    for (const end = now + ms; now < end;) {
      now += TICK_MS;
      wheel.tick();
    }
  }

  /** A check that ends when the test says so. */
  class Stub implements Check {
    begun = 0;
    abandoned = 0;
    owner: CheckOwner | null = null;

    begin(owner: CheckOwner): void {
      this.begun++;
      this.owner = owner;
    }

    end(verdict: number = Verdict.PASS): void {
      const { owner } = this;
      this.owner = null;
      owner?.onChecked(verdict, 'stub');
    }

    abandon(): void {
      this.abandoned++;
      this.owner = null;
    }

    close(): void {
      this.abandon();
    }
  }

  class Owner implements CheckedOwner {
    verdicts: string[] = [];
    spares = 0;

    onVerdict(verdict: number, reason: string): void {
      this.verdicts.push(`${verdict} ${reason}`);
    }

    spared(): boolean {
      return this.spares-- > 0;
    }
  }

  function start(checker: Checker, schedule = { intervalMs: 1000, jitter: 0, timeoutMs: 200 }) {
    const stub = new Stub();
    const owner = new Owner();
    const checked: Checked = checker.add(stub, schedule, owner);
    return { stub, owner, checked };
  }

  it('checks a new address at once, and again after each interval', () => {
    const { stub } = start(new Checker({ wheel, random: () => 0.5, most: 9 }));
    pass(100);
    expect(stub.begun).to.equal(1);
    for (let round = 2; round < 6; round++) {
      stub.end();
      pass(1000 + TICK_MS);
      expect(stub.begun).to.equal(round);
    }
  });

  it('ends a check that takes too long, as a failure', () => {
    const { stub, owner } = start(new Checker({ wheel, random: () => 0.5, most: 9 }));
    pass(100);
    expect(stub.begun).to.equal(1);
    pass(300);
    expect(stub.abandoned).to.equal(1);
    expect(owner.verdicts).to.deep.equal([`${Verdict.FAIL} timed out`]);
    pass(1000);
    expect(stub.begun).to.equal(2);
  });

  it('does not begin what its owner spares', () => {
    const { stub, owner } = start(new Checker({ wheel, random: () => 0.5, most: 9 }));
    owner.spares = 2;
    pass(1900);
    expect(stub.begun).to.equal(0);
    pass(1200);
    expect(stub.begun).to.equal(1);
  });

  it('keeps each interval within its jitter', () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(random, fc.double({ min: 0, max: 1, noNaN: true }), (share, jitter) => {
        const checker = new Checker({ wheel, random: () => share, most: 9 });
        const ms = checker.next(new Cohort({ intervalMs: 1000, jitter }), 5000) - 5000;
        // To a whole millisecond.
        expect(ms).to.be.within(1000 * (1 - jitter) - 0.5, 1000 * (1 + jitter) + 0.5);
      }),
    );
  });

  it('has no more under way than it may, and forgets nobody who waits', () => {
    const checker = new Checker({ wheel, random: () => 0.5, most: 3 });
    const all = Array.from({ length: 10 }, () => start(checker));
    pass(100);
    for (let round = 0; round < 10; round++) {
      expect(checker.running).to.equal(Math.min(3, 10 - round));
      expect(checker.waiting).to.equal(Math.max(0, 7 - round));
      all.find(({ stub }) => stub.owner !== null)?.stub.end();
    }
    expect(all.map(({ stub }) => stub.begun)).to.deep.equal(all.map(() => 1));
    expect(checker.running).to.equal(0);
    expect(checker.waiting).to.equal(0);
  });

  it('spreads the first checks of many', () => {
    const checker = new Checker({ wheel, random: () => 0.5, most: 10_000 });
    for (let i = 0; i < 5000; i++) start(checker, { intervalMs: 60_000, jitter: 0, timeoutMs: 50_000 });
    const begun: number[] = [];
    for (let tick = 0; tick < 30; tick++) {
      pass(TICK_MS);
      begun.push(checker.running);
    }
    expect(begun.at(-1)).to.equal(5000);
    for (const [i, count] of begun.entries()) expect(count - (begun[i - 1] ?? 0)).to.be.at.most(5 * TICK_MS + 1);
  });

  it('makes room when one that is under way or waits is closed', () => {
    const checker = new Checker({ wheel, random: () => 0.5, most: 1 });
    const first = start(checker);
    pass(100);
    const others = [start(checker), start(checker)];
    pass(100);
    expect([first, ...others].map(({ stub }) => stub.begun)).to.deep.equal([1, 0, 0]);
    const [second, third] = others;
    second?.checked.close();
    first.checked.close();
    first.checked.close();
    expect([first, ...others].map(({ stub }) => stub.begun)).to.deep.equal([1, 0, 1]);
    third?.stub.end();
    expect(checker.running).to.equal(0);
    third?.checked.close();
    pass(5000);
    expect([first, ...others].map(({ stub }) => stub.begun)).to.deep.equal([1, 0, 1]);
  });
});
