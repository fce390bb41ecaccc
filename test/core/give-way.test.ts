import { expect } from 'chai';
import { givingWay, type Rest } from '../../lib/core/give-way.ts';

describe('giving way', () => {
  /** Steps of so many milliseconds, each with a word before it; answers after which steps there was a pause. */
  function pausesOf(stepsMs: readonly number[]): readonly number[] {
    let now = 0;
    let done = 0;
    const pauses: number[] = [];
    const rest: Rest = { now: () => now, pause: () => ((now += 0.1), pauses.push(done)) };
    const giveWay = givingWay(rest);
    for (const ms of stepsMs) {
      giveWay();
      now += ms;
      done++;
    }
    return pauses;
  }

  it('pauses before the first step, and between long ones', () => {
    expect(pausesOf([1, 1, 1])).to.deep.equal([0, 1, 2]);
  });

  it('takes short steps together', () => {
    expect(pausesOf(Array<number>(7).fill(0.0625))).to.deep.equal([0, 2, 4, 6]);
  });

  it('does not pause again for a while where others had the processor meanwhile', () => {
    let now = 0;
    const lasts = [0.1, 3, 0.1, 0.1];
    const pauses: number[] = [];
    const giveWay = givingWay({
      now: () => now,
      pause: () => {
        pauses.push(now);
        now += lasts.shift() ?? 0.1;
      },
    });
    for (; now < 20; now += 1) giveWay();
    expect(pauses.slice(0, 2)).to.deep.equal([0, 1.1]);
    // Ten milliseconds behind the end of the long one.
    expect(pauses[2]).to.be.within(14.1, 15.2);
    expect(pauses.length).to.be.at.least(6);
  });

  it('gives the processor up', () => {
    const giveWay = givingWay();
    const switches = (): number => process.resourceUsage().voluntaryContextSwitches;
    const enough = switches() + 50;
    let steps = 0;
    // Where others want the processor, a pause that lasted is the only one for a while.
    for (; switches() < enough && steps < MOST_STEPS; steps++) {
      giveWay();
      const begun = performance.now();
      while (performance.now() - begun < 0.2);
    }
    expect(steps).to.be.lessThan(MOST_STEPS);
  });
});

/** Of which each pauses, where others leave room for it, and one in fifty where they do not. */
const MOST_STEPS = 10_000;
