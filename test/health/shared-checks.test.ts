import { expect } from 'chai';
import { Verdict } from '../../lib/health/check.ts';
import { SharedCheck } from '../../lib/health/shared-checks.ts';
import type { CheckOptions } from '../../lib/upstream/options/checks.ts';

const OPTIONS: CheckOptions = {
  kind: 'tcp',
  intervalMs: 10_000,
  jitter: 0,
  timeoutMs: 1000,
  rise: 1,
  fall: 1,
  initial: 'up',
  port: null,
  spareBusy: true,
  send: '',
  expect: null,
};

describe('a shared check', () => {
  let now = 0;

  function make(more: Partial<CheckOptions> = {}): SharedCheck {
    now = 1_000_000;
    const check = new SharedCheck('a', { ...OPTIONS, ...more } as CheckOptions, () => now); // of the same kind
    check.onVerdict(Verdict.PASS, 'connected');
    return check;
  }

  /** Which of these checks are made while workers tell that between each two of them. */
  function made(check: SharedCheck, times: number, news: readonly [good: boolean, bad: boolean] | null): string {
    return Array.from({ length: times }, () => {
      now += check.options.intervalMs / 2;
      if (news !== null) check.saw(...news);
      now += check.options.intervalMs / 2;
      return check.spared() ? '-' : '+';
    }).join('');
  }

  it('is made one time of four while the server answers requests well', () => {
    expect(made(make(), 12, [true, false])).to.equal('---+---+---+');
  });

  it('is made each time of a server that is idle, fails requests, is down, or whose options say so', () => {
    expect(made(make(), 4, null)).to.equal('++++');
    expect(made(make(), 4, [true, true])).to.equal('++++');
    expect(made(make(), 4, [false, true])).to.equal('++++');
    expect(made(make({ spareBusy: false }), 4, [true, false])).to.equal('++++');
    const down = make();
    down.onVerdict(Verdict.FAIL, 'refused');
    expect(made(down, 4, [true, false])).to.equal('++++');
  });

  it('is made again as soon as there is no news', () => {
    const check = make();
    expect(made(check, 2, [true, false])).to.equal('--');
    expect(made(check, 3, null)).to.equal('+++');
    expect(made(check, 5, [true, false])).to.equal('---+-');
  });

  it('is spared by news that is late by a little, and not by older', () => {
    const check = make();
    check.saw(true, false);
    now += OPTIONS.intervalMs + 140;
    expect(check.spared()).to.equal(true);
    now += 20;
    expect(check.spared()).to.equal(false);
  });
});
