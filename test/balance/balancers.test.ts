import { expect } from 'chai';
import fc from 'fast-check';
import { ALGORITHMS } from '../../lib/upstream/options/balance.ts';
import type { Server } from '../../lib/upstream/server.ts';
import { Bench, describeBalancer, named } from './balancer-suite.ts';

for (const algorithm of ALGORITHMS) describeBalancer(algorithm);

describe('round robin', () => {
  it('gives each server its exact share of every round, and no other one twice in between, whatever the weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, (some) => {
        const bench = new Bench(
          named(some.length).map((spec, i) => ({ ...spec, weight: some[i] ?? 1 })),
          {},
        );
        const total = some.reduce((sum, weight) => sum + weight, 0);
        const picks = Array.from({ length: 3 * total }, () => bench.pick()?.spec.name ?? '');
        for (const [i, weight] of some.entries()) {
          for (let from = 0; from <= 2 * total; from += total) {
            const part = picks.slice(from, from + total).filter((name) => name === `10.0.0.${i}:80`).length;
            expect(part).to.equal(weight);
          }
        }
      }),
    );
  });

  it('begins anywhere, so that several workers do not all begin with the first server', () => {
    const firsts = new Set<string>();
    const bench = new Bench(named(10), {});
    for (let i = 0; i < 100; i++) {
      bench.upstream.replace([]);
      bench.upstream.replace(bench.servers);
      firsts.add(bench.pick()?.spec.name ?? '');
    }
    expect(firsts.size).to.equal(10);
  });

  it('goes on where it was when a server comes or goes', () => {
    const bench = new Bench(named(4), {});
    const before = [bench.pick(), bench.pick()];
    const gone = bench.servers.find((server) => !before.includes(server));
    bench.upstream.replace(bench.servers.filter((server) => server !== gone));
    expect(before).to.not.include(bench.pick());
  });
});

describe('least connections', () => {
  it('chooses the least loaded for its weight, and among the idle as round robin', () => {
    const bench = new Bench([{ name: 'a', weight: 4 }, { name: 'b' }, { name: 'c' }], { algorithm: 'least-conn' });
    for (let i = 0; i < 60; i++) bench.pick()?.chosen();
    expect(bench.servers.map(({ inFlight }) => inFlight)).to.deep.equal([40, 10, 10]);
    for (let i = 0; i < 8; i++) bench.servers[2]?.done();
    for (let i = 0; i < 5; i++) {
      const server = bench.pick();
      expect(server?.spec.name).to.equal('c');
      server?.chosen();
    }
  });

  it('is never further off than one exchange per weight', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 8 });
    const moves = fc.array(fc.nat({ max: 20 }), { maxLength: 200 });
    fc.assert(
      fc.property(weights, moves, (some, steps) => {
        const specs = named(some.length).map((spec, i) => ({ ...spec, weight: some[i] ?? 1 }));
        const bench = new Bench(specs, { algorithm: 'least-conn' });
        const busy: Server[] = [];
        for (const step of steps) {
          const server = step < 14 ? bench.pick() : null;
          if (server !== null) {
            const least = Math.min(...bench.servers.map(({ inFlight, share }) => inFlight / share));
            expect(server.inFlight / server.share).to.equal(least);
            server.chosen();
            busy.push(server);
          } else busy.splice(step % Math.max(1, busy.length), 1)[0]?.done();
        }
      }),
    );
  });
});

describe('least bandwidth', () => {
  it('chooses the server with the fewest bytes per second, of late', () => {
    const bench = new Bench(named(3), { algorithm: 'least-bandwidth' });
    const [one, two, three] = bench.servers;
    one?.traffic?.add(10_000);
    two?.traffic?.add(1_000_000);
    three?.traffic?.add(20_000);
    for (let i = 0; i < 5; i++) expect(bench.pick()).to.equal(one);
    bench.time.advance(60_000);
    one?.traffic?.add(100_000);
    three?.traffic?.add(100_000);
    expect(bench.pick()).to.equal(two);
  });
});

describe('power of two choices', () => {
  it('avoids a server that is slow, and comes back to it when it is not', () => {
    const bench = new Bench(named(5), { algorithm: 'p2c' });
    const slow = bench.server('10.0.0.3:80');
    const load = (slowMs: number): number => {
      let got = 0;
      for (let i = 0; i < 1000; i++) {
        const server = bench.pick();
        if (server === slow) got++;
        server?.latency?.add(server === slow ? slowMs : 5);
        bench.time.advance(10);
      }
      return got;
    };
    expect(load(5)).to.be.within(100, 300);
    load(500);
    expect(load(500)).to.be.below(50);
    bench.time.advance(60_000);
    load(5);
    expect(load(5)).to.be.within(100, 300);
  });

  it('sends a server that has not replied yet one request, not all', () => {
    const bench = new Bench(named(4), { algorithm: 'p2c' });
    for (const server of bench.servers.slice(1)) server.latency?.add(100);
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      const server = bench.pick();
      if (server !== bench.servers[0]) continue;
      sent++;
      server?.chosen();
    }
    expect(sent).to.equal(1);
  });
});

for (const algorithm of ['hash', 'ip-hash'] as const) {
  describe(`consistent hashing: ${algorithm}`, () => {
    const KEYS = 20_000;

    function owners(bench: Bench, servers: readonly Server[]): readonly (Server | null)[] {
      bench.upstream.replace(servers);
      return Array.from({ length: KEYS }, (_, i) => bench.pick(Math.imul(i + 1, 0x9e3779b1) >>> 0));
    }

    it('moves the keys of a server that goes, and no other; they come back with it', () => {
      const bench = new Bench(named(20), { algorithm });
      const before = owners(bench, bench.servers);
      const gone = bench.servers[7];
      const without = owners(
        bench,
        bench.servers.filter((server) => server !== gone),
      );
      for (const [i, owner] of before.entries()) if (owner !== gone) expect(without[i]).to.equal(owner);
      expect(owners(bench, bench.servers)).to.deep.equal(before);
      expect(owners(bench, bench.servers.toReversed()).every((owner, i) => owner === before[i])).to.equal(true);
    });

    it('moves the same keys while a server is out', () => {
      const bench = new Bench(named(20), { algorithm });
      const before = owners(bench, bench.servers);
      bench.servers[7]?.failed();
      const out = owners(bench, bench.servers);
      for (const [i, owner] of before.entries()) if (owner !== bench.servers[7]) expect(out[i]).to.equal(owner);
      expect(new Set(out).size).to.equal(19);
    });

    it('moves keys to a server whose weight grows, and none between the others', () => {
      const bench = new Bench(named(10), { algorithm });
      const before = owners(bench, bench.servers);
      const grown = bench.server('10.0.0.4:80');
      grown.spec = { ...grown.spec, weight: 3 };
      const after = owners(bench, bench.servers);
      const moved = before.filter((owner, i) => owner !== after[i]);
      for (const [i, owner] of before.entries()) if (owner !== after[i]) expect(after[i]).to.equal(grown);
      // From a tenth to a quarter of all.
      expect(moved.length / KEYS).to.be.within(0.08, 0.22);
    });

    it('passes on what is above its bound, and keeps near it', () => {
      const bench = new Bench(named(4), { algorithm, hash: { bound: 125 } });
      // One key for all of them.
      for (let i = 0; i < 100; i++) bench.pick(12345)?.chosen();
      for (const { inFlight } of bench.servers) expect(inFlight).to.be.at.most(32);
      const free = new Bench(named(4), { algorithm });
      for (let i = 0; i < 100; i++) free.pick(12345)?.chosen();
      expect(free.servers.map(({ inFlight }) => inFlight).toSorted((a, b) => a - b)).to.deep.equal([0, 0, 0, 100]);
    });

    it('finds the last usable one among a thousand', () => {
      const many = Array.from({ length: 1000 }, (_, i) => ({ name: `s${i}:80` }));
      const bench = new Bench(many, { algorithm });
      for (const server of bench.servers) if (server.spec.name !== 's777:80') server.failed();
      for (let i = 0; i < 10; i++) expect(bench.pick()?.spec.name).to.equal('s777:80');
    });
  });
}
