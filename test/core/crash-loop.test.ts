import { expect } from 'chai';
import { CrashLoop } from '../../lib/core/crash-loop.ts';

describe('crash loop', () => {
  it('replaces at once what has lived, and later and later what ends young', () => {
    const loop = new CrashLoop();
    const lives = [60_000, 10, 10, 9999, 10, 10_000, 10, 10];
    expect(lives.map((livedMs) => loop.ended(livedMs))).to.deep.equal([0, 0, 200, 400, 600, 0, 0, 200]);
    expect(loop.length).to.equal(2);
  });

  it('waits for no longer than five seconds', () => {
    const loop = new CrashLoop();
    const waits = Array.from({ length: 100 }, () => loop.ended(0));
    expect(Math.max(...waits)).to.equal(5000);
    expect(loop.length).to.equal(100);
  });
});
