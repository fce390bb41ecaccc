import { expect } from 'chai';
import { Rate, TICK_MS } from '../../lib/stats/rate.ts';

describe('rates', () => {
  it('are what they are from the first moment on, and stay', () => {
    const rate = new Rate();
    for (let ms = 0; ms < 60_000; ms += TICK_MS) {
      rate.add((100 * TICK_MS) / 1000);
      rate.tick();
    }
    for (const each of [rate.m1, rate.m5, rate.m15]) expect(each).to.be.closeTo(100, 1e-9);
  });

  it('follow a change the sooner the shorter they are, and are forgotten in the end', () => {
    const rate = new Rate();
    rate.add(500);
    rate.tick();
    for (let ms = 0; ms < 60_000; ms += TICK_MS) rate.tick();
    expect(rate.m1).to.be.closeTo(100 / Math.E, 0.01);
    expect(rate.m5).to.be.closeTo(100 * Math.exp(-1 / 5), 0.01);
    expect(rate.m15).to.be.closeTo(100 * Math.exp(-1 / 15), 0.01);
    expect(rate.isStill).to.equal(false);
    for (let ms = 0; ms < 15 * 15 * 60_000; ms += TICK_MS) rate.tick();
    expect(rate.isStill).to.equal(true);
  });
});
