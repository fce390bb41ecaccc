import { expect } from 'chai';
import { unhurried, type Pace } from '../../lib/core/unhurried.ts';

/** Each step takes as long as `stepMs` says; a rest takes a millisecond. */
function paced(
  steps: number,
  stepMs: number,
  text: (i: number) => string | null,
): { parts: Iterable<string | null>; pace: Pace; turnsMs: number[] } {
  let now = 0;
  let since = 0;
  const turnsMs: number[] = [];
  const parts = (function* (): Generator<string | null> {
    for (let i = 0; i < steps; i++) {
      now += stepMs;
      yield text(i);
    }
  })();
  const rest = (): Promise<void> => {
    turnsMs.push(now - since);
    since = now += 1;
    return Promise.resolve();
  };
  return { parts, pace: { now: () => now, rest }, turnsMs };
}

describe('unhurried work', () => {
  it('hands on all that steps give, in order, and rests after each', async () => {
    const { parts, pace, turnsMs } = paced(1000, 0.01, (i) => (i % 3 === 0 ? `${i}` : null));
    const got: string[] = [];
    for await (const part of unhurried(parts, pace)) got.push(part);
    expect(got).to.deep.equal(Array.from({ length: 334 }, (_, i) => `${3 * i}`));
    expect(turnsMs).to.have.length(334);
  });

  it('rests after a short turn where steps give nothing', async () => {
    const { parts, pace, turnsMs } = paced(1000, 0.02, () => null);
    for await (const part of unhurried(parts, pace)) throw new Error(part);
    expect(turnsMs.length).to.be.at.least(80);
    expect(Math.max(...turnsMs)).to.be.below(0.25);
  });

  it('hurries where it takes longer than one waits for it', async () => {
    const { parts, pace, turnsMs } = paced(400_000, 0.02, () => null);
    for await (const part of unhurried(parts, pace)) throw new Error(part);
    expect(Math.max(...turnsMs)).to.be.within(1.9, 2.1);
    expect(pace.now()).to.be.below(16_000);
  });
});
