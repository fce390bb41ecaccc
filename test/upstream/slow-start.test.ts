import { expect } from 'chai';
import { ALGORITHMS } from '../../lib/upstream/options/balance.ts';
import { serverOf } from '../fixtures/servers.ts';
import { Bench, named } from '../balance/balancer-suite.ts';

const SLOW = { slow_start: '100s', slow_start_least: 0.1 };

describe('slow start', () => {
  for (const algorithm of ALGORITHMS) {
    it(`(${algorithm}) lets the share of a server that comes back grow from little to all`, () => {
      const bench = new Bench(named(4), { algorithm, ...SLOW });
      const back = bench.server('10.0.0.1:80');
      back.start();
      const got = [0, 25_000, 25_000, 60_000].map((ms) => {
        bench.time.advance(ms);
        // One after the other, so that no share grows while it is measured.
        return (bench.spread(2000)['10.0.0.1:80'] ?? 0) / 500;
      });
      const ranges = [
        [0.05, 0.2],
        [0.15, 0.4],
        [0.35, 0.7],
        [0.75, 1.25],
      ];
      for (const [i, [low = 0, high = 0]] of ranges.entries()) expect(got[i], `at ${i}`).to.be.within(low, high);
    });
  }

  it('(least-conn) holds back a server that comes back among busy ones, however many there are', () => {
    const bench = new Bench(named(50), { algorithm: 'least-conn', ...SLOW });
    for (let i = 0; i < 500; i++) bench.pick()?.chosen();
    const back = bench.server('10.0.0.7:80');
    while (back.inFlight > 0) back.done();
    back.start();
    bench.time.advance(20_000);
    for (let i = 0; i < 100; i++) bench.pick()?.chosen();
    // The others have some twelve each; its share is a fifth.
    expect(back.inFlight).to.be.within(1, 3);
  });

  it('moves keys to a server that comes back one after the other, and each only once', () => {
    const bench = new Bench(named(4), { algorithm: 'hash', ...SLOW });
    const back = bench.server('10.0.0.1:80');
    const keys = Array.from({ length: 2000 }, () => bench.nextKey());
    const atHome = keys.map((key) => bench.pick(key));
    back.start();
    let there = new Set<number>();
    for (const ms of [0, 20_000, 40_000, 60_000]) {
      bench.time.advance(ms);
      const now = new Set(keys.filter((key) => bench.pick(key) === back));
      for (const key of there) expect(now.has(key)).to.equal(true);
      expect(now.size).to.be.above(there.size);
      there = now;
    }
    expect(keys.map((key) => bench.pick(key))).to.deep.equal(atHome);
  });

  it('is not begun anew by changes, nor by those of other servers', () => {
    const bench = new Bench(named(4), SLOW);
    const back = bench.server('10.0.0.1:80');
    back.start();
    const since = back.startedAt;
    bench.time.advance(90_000);
    bench.upstream.replace([...bench.servers, serverOf({ name: 'new' }, bench.time.wheel)]);
    bench.upstream.replace(bench.servers);
    expect(back.startedAt).to.equal(since);
    expect(bench.spread(1000)['10.0.0.1:80']).to.be.within(200, 250);
  });

  it('begins when a server works again after it was out', () => {
    const bench = new Bench(named(2), SLOW);
    const [server] = bench.servers;
    server?.failed();
    bench.time.advance(10_010);
    server?.chosen();
    bench.time.advance(10);
    server?.succeeded();
    expect(server?.startedAt).to.equal(bench.time.wheel.now);
    server?.failed();
    expect(server?.available).to.equal(false);
  });

  it('leaves servers their shares where all have just come', () => {
    const bench = new Bench(named(4), SLOW);
    for (const server of bench.servers) server.start();
    const spread = bench.spread(4000);
    for (const part of Object.values(spread)) expect(part).to.be.within(900, 1100);
  });

  it('is as steep as it is told', () => {
    const part = (aggression: number): number => {
      const bench = new Bench(named(2), { ...SLOW, slow_start_aggression: aggression });
      bench.servers[0]?.start();
      bench.time.advance(25_000);
      return (bench.spread(4000)['10.0.0.0:80'] ?? 0) / 2000;
    };
    expect(part(0.5)).to.be.below(part(1));
    expect(part(2)).to.be.above(part(1));
  });
});
