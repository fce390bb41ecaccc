import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { Passage } from '../../lib/exchange/passage.ts';
import { BreakerState } from '../../lib/upstream/breaker.ts';
import { Guard, type GuardOptions } from '../../lib/upstream/guard.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';

describe('guard of an upstream', () => {
  const quiet = { onBreakerNews: () => undefined };
  const refused = { refusedFull: 0, refusedOpen: 0 };
  let now = 1000;

  function options(document: object): GuardOptions {
    const { breaker, concurrency } = readOptions(document).options;
    return { breaker, concurrency: concurrency.max };
  }

  const breaking = options({ breaker: { window: 'count', size: 4, minimum: 4, trial: 1, open: '10s' } });

  function request(guard: Guard, status: number): number {
    const passage = new Passage();
    const fault = passage.enter(guard, now);
    if (fault === 0) passage.leave(status, now);
    return fault;
  }

  it('lets no more requests through at once than it may, tunnels included', () => {
    const guard = new Guard('up', options({ concurrency: { max: 2 } }), quiet, refused);
    const [one, other, third] = [new Passage(), new Passage(), new Passage()];
    expect(one.enter(guard, now)).to.equal(0);
    expect(other.enter(guard, now)).to.equal(0);
    expect(third.enter(guard, now)).to.equal(Fault.UPSTREAM_FULL);
    expect(third.retryAfterS).to.equal(1);
    const tunnel = one.handOver(101, now);
    expect(third.enter(guard, now)).to.equal(Fault.UPSTREAM_FULL);
    tunnel?.free();
    expect(third.enter(guard, now)).to.equal(0);
    expect(refused.refusedFull).to.equal(2);
    other.leave(200, now);
    third.leave(200, now);
    expect(guard.inFlight).to.equal(0);
  });

  it('is open after too many failures, and says when to come again', () => {
    const guard = new Guard('up', breaking, quiet, refused);
    for (const status of [200, 500, 404, 504]) expect(request(guard, status)).to.equal(0);
    const passage = new Passage();
    now += 2500;
    expect(passage.enter(guard, now)).to.equal(Fault.BREAKER_OPEN);
    expect(passage.retryAfterS).to.equal(8);
    expect(passage.held).to.equal(false);
    now += 7500;
    expect(request(guard, 200)).to.equal(0);
    expect(request(guard, 200)).to.equal(0);
    expect(guard.inFlight).to.equal(0);
  });

  it('keeps its state and what is in flight when options change', () => {
    const guard = new Guard('up', breaking, quiet, refused);
    const passage = new Passage();
    passage.enter(guard, now);
    for (let i = 0; i < 4; i++) request(guard, 502);
    guard.change(options({ breaker: { window: 'count', open: '20s' }, concurrency: { max: 1 } }));
    expect(request(guard, 200)).to.equal(Fault.UPSTREAM_FULL);
    passage.leave(200, now);
    expect(request(guard, 200)).to.equal(Fault.BREAKER_OPEN);
    guard.change(options({ concurrency: { max: 1 } }));
    expect(request(guard, 200)).to.equal(0);
  });

  it('tells others what it has seen, each call once, and learns from them', () => {
    const one = new Guard('up', breaking, quiet, refused);
    const other = new Guard('up', breaking, quiet, refused);
    request(one, 500);
    request(one, 200);
    const news = one.takeNews(now);
    expect(news).to.deep.equal({ upstream: 'up', good: 1, slow: 0, failed: 1, turned: null });
    expect(one.takeNews(now)).to.equal(null);
    other.learn(news!, now);
    request(other, 500);
    expect(other.breaker?.state).to.equal(BreakerState.CLOSED);
    request(other, 500);
    expect(other.breaker?.state).to.equal(BreakerState.OPEN);
    const opened = other.takeNews(now + 100);
    expect(opened?.turned).to.deep.equal({ state: BreakerState.OPEN, agoMs: 100 });
    one.learn(opened!, now + 100);
    expect(one.breaker?.state).to.equal(BreakerState.OPEN);
    expect(one.retryAfterS(now + 100)).to.equal(10);
  });

  it('opens by the word of others, and says so itself', () => {
    const told: boolean[] = [];
    const guard = new Guard('up', breaking, { onBreakerNews: (_guard, urgent) => void told.push(urgent) }, refused);
    request(guard, 500);
    guard.learn({ upstream: 'up', good: 0, slow: 0, failed: 3, turned: null }, now);
    expect(guard.breaker?.state).to.equal(BreakerState.OPEN);
    expect(told).to.deep.equal([false, true]);
    expect(guard.takeNews(now)?.turned?.state).to.equal(BreakerState.OPEN);
  });
});
