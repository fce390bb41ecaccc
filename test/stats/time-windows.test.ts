import { expect } from 'chai';
import { Histogram } from '../../lib/stats/histogram.ts';
import { PART_MS, TimeWindows } from '../../lib/stats/time-windows.ts';

describe('time windows', () => {
  it('hold the last minutes, and nothing else', () => {
    const times = new TimeWindows();
    for (let minute = 1; minute <= 20; minute++) {
      const taken = new Histogram();
      taken.record(minute);
      const delta = taken.take();
      if (delta !== null) times.merge(delta);
      for (let ms = 0; ms < 60_000; ms += PART_MS) times.turn();
    }
    expect([1, 5, 15].map((minutes) => times.last(minutes).count)).to.deep.equal([1, 5, 15]);
    expect([1, 5, 15].map((minutes) => times.last(minutes).quantile(0))).to.deep.equal([20, 16, 6]);
    expect(times.isEmpty).to.equal(false);
    for (let ms = 0; ms <= 15 * 60_000; ms += PART_MS) times.turn();
    expect(times.isEmpty).to.equal(true);
  });
});
