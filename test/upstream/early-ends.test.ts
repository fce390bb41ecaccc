import { expect } from 'chai';
import { Wheel } from '../../lib/core/wheel.ts';
import { EarlyEnds } from '../../lib/upstream/early-ends.ts';

describe('how soon a server ends kept connections', () => {
  let now: number;
  let wheel: Wheel;
  let ends: EarlyEnds;

  beforeEach(() => {
    now = 100_000;
    wheel = new Wheel(50, 512, () => now);
    ends = new EarlyEnds(wheel);
  });

  function pass(ms: number): void {
    now += ms;
    wheel.tick();
  }

  function ended(afterMs: number): void {
    ends.ended(wheel.now - afterMs);
  }

  it('is not a question before one was ended', () => {
    expect(ends.freshMs(1000)).to.equal(1000);
    expect(ends.freshMs(-1)).to.equal(-1);
  });

  const cases: readonly (readonly [afterMs: number, mostMs: number, freshMs: number])[] = [
    [0, 1000, -1],
    [50, 1000, -1],
    [100, 1000, 50],
    [600, 1000, 300],
    [2000, 1000, 1000],
    [5000, 1000, 1000],
    [5000, 10_000, 2500],
    [600, -1, -1],
  ];
  for (const [afterMs, mostMs, freshMs] of cases) {
    it(`leaves ${freshMs} of ${mostMs} ms when one was ended after ${afterMs}`, () => {
      ended(afterMs);
      expect(ends.freshMs(mostMs)).to.equal(freshMs);
    });
  }

  it('is the shortest time of late, and forgotten', () => {
    ended(600);
    pass(5000);
    ended(400);
    ended(5000);
    expect(ends.freshMs(1000)).to.equal(200);
    pass(9950);
    expect(ends.freshMs(1000)).to.equal(200);
    pass(50);
    expect(ends.freshMs(1000)).to.equal(1000);
  });

  it('is remembered as long as it goes on, and what was shorter is forgotten beside it', () => {
    ended(0);
    for (let i = 0; i < 5; i++) {
      pass(3000);
      ended(400);
    }
    expect(ends.freshMs(1000)).to.equal(200);
    for (let i = 0; i < 10; i++) {
      pass(3000);
      ended(400);
      expect(ends.freshMs(1000)).to.equal(200);
    }
  });
});
