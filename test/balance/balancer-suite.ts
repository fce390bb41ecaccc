import { expect } from 'chai';
import { balancers } from '../../lib/balance/index.ts';
import { mixBits } from '../../lib/core/hash.ts';
import { Affinity, NO_AFFINITY } from '../../lib/upstream/affinity.ts';
import type { Algorithm } from '../../lib/upstream/options/balance.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';
import type { Server } from '../../lib/upstream/server.ts';
import { Upstream } from '../../lib/upstream/upstream.ts';
import { ManualTime, serverOf, type SomeSpec } from '../fixtures/servers.ts';
import { Random } from '../sync/random.ts';

/** An upstream of servers that nobody listens at, and requests with keys of their own. */
export class Bench {
  readonly time = new ManualTime();
  readonly random = new Random(1);
  readonly upstream: Upstream;
  readonly servers: readonly Server[];
  readonly #affinity = new Affinity();
  #requests = 0;

  constructor(specs: readonly SomeSpec[], balance: Readonly<Record<string, unknown>>, sections: object = {}) {
    const { options, problems } = readOptions({ ...sections, balance });
    expect(problems).to.deep.equal([]);
    const means = { wheel: this.time.wheel, balancers, random: () => this.random.next() };
    this.upstream = new Upstream('up', means, options);
    this.servers = specs.map((spec) => serverOf(spec, this.time.wheel));
    this.upstream.replace(this.servers);
  }

  server(name: string): Server {
    const server = this.upstream.servers.find(({ spec }) => spec.name === name);
    if (server === undefined) throw new Error(`no server ${name}`);
    return server;
  }

  /** The key of the next request: none is like another. */
  nextKey(): number {
    return mixBits(++this.#requests);
  }

  pick(key = this.nextKey(), tried: readonly Server[] = []): Server | null {
    const { choice } = this.upstream;
    this.#affinity.key = key;
    return this.upstream.pick(tried, choice.hash !== null ? this.#affinity : NO_AFFINITY);
  }

  /** How many of so many requests each server gets, each request over before the next one. */
  spread(count: number): Readonly<Record<string, number>> {
    const got: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const server = this.pick();
      const name = server?.spec.name ?? 'none';
      got[name] = (got[name] ?? 0) + 1;
      server?.chosen();
      server?.latency?.add(1);
      server?.traffic?.add(100);
      server?.done();
    }
    return got;
  }
}

export function named(count: number, spec: Partial<SomeSpec> = {}): readonly SomeSpec[] {
  return Array.from({ length: count }, (_, i) => ({ name: `10.0.0.${i}:80`, host: `10.0.0.${i}`, port: 80, ...spec }));
}

/** What every algorithm keeps, whatever it is good at. */
export function describeBalancer(algorithm: Algorithm): void {
  const balance = { algorithm };

  describe(`balancer: ${algorithm}`, () => {
    it('has nobody among nobody', () => {
      expect(new Bench([], balance).pick()).to.equal(null);
    });

    it('gives everything to one server', () => {
      expect(new Bench(named(1), balance).spread(10)).to.deep.equal({ '10.0.0.0:80': 10 });
    });

    it('gives every server an equal part', () => {
      const spread = new Bench(named(8), balance).spread(8000);
      expect(Object.keys(spread)).to.have.length(8);
      // Of consistent hashing, one fifth more or less; of chance alone, one tenth.
      for (const part of Object.values(spread)) expect(part).to.be.within(750, 1250);
    });

    const isWeighted = algorithm !== 'random';
    it(isWeighted ? 'gives servers parts as their weights say' : 'does not look at weights', () => {
      const specs = named(3).map((spec, i) => ({ ...spec, weight: [1, 2, 5][i] ?? 0 }));
      const spread = new Bench(specs, balance).spread(8000);
      const parts = isWeighted ? [1000, 2000, 5000] : [2667, 2667, 2667];
      for (const [i, part] of parts.entries()) {
        expect(spread[`10.0.0.${i}:80`], `server ${i}`).to.be.within(part * 0.8, part * 1.25);
      }
    });

    it('never chooses what is down, out, full, draining, of no weight, or was tried', () => {
      const bench = new Bench([...named(6), { name: 'good' }], balance);
      const [down, out, full, draining, light, tried] = bench.servers;
      if (down !== undefined) down.spec = { ...down.spec, down: true };
      out?.failed();
      if (full !== undefined) full.spec = { ...full.spec, maxConns: 1 };
      full?.chosen();
      if (draining !== undefined) draining.spec = { ...draining.spec, drain: true };
      if (light !== undefined) light.spec = { ...light.spec, weight: 0 };
      bench.upstream.replace(bench.servers);
      for (let i = 0; i < 200; i++) {
        expect(bench.pick(undefined, tried === undefined ? [] : [tried])?.spec.name).to.equal('good');
      }
      expect(bench.pick(undefined, [...bench.servers])).to.equal(null);
    });

    it('spreads what a server that is out would have got over all the others', () => {
      const bench = new Bench(named(5), balance);
      bench.servers[2]?.failed();
      const spread = bench.spread(4000);
      expect(Object.keys(spread)).to.have.length(4);
      for (const part of Object.values(spread)) expect(part).to.be.within(700, 1300);
    });

    it('gives a server that comes back its part, and no more', () => {
      const bench = new Bench(named(4), balance);
      bench.servers[1]?.failed();
      bench.spread(4000);
      bench.time.advance(10_010);
      const server = bench.server('10.0.0.1:80');
      // Let try once; that went well.
      server.chosen();
      server.succeeded();
      server.done();
      expect(bench.spread(4000)['10.0.0.1:80']).to.be.within(700, 1300);
    });

    it('goes on evenly while the list changes all the time', () => {
      const bench = new Bench(named(10), balance);
      const got = new Map<string, number>();
      for (let i = 0; i < 1000; i++) {
        for (let n = 0; n < 3; n++) {
          const name = bench.pick()?.spec.name ?? 'none';
          got.set(name, (got.get(name) ?? 0) + 1);
        }
        bench.upstream.replace(bench.servers);
      }
      for (const server of bench.servers) expect(got.get(server.spec.name), server.spec.name).to.be.within(200, 400);
    });

    it('treats servers of weight 0 alike where there are no others', () => {
      const others = [
        { name: 'down', down: true },
        { name: 'draining', drain: true },
      ];
      const spread = new Bench([...named(2, { weight: 0 }), ...others], balance).spread(1000);
      for (const part of Object.values(spread)) expect(part).to.be.within(380, 620);
      expect(Object.keys(spread)).to.have.length(2);
    });

    it('chooses among a thousand', () => {
      const many = Array.from({ length: 1000 }, (_, i) => ({ name: `s${i}:80`, weight: 1 + (i % 3) }));
      const bench = new Bench(many, balance);
      expect(Object.keys(bench.spread(20_000)).length).to.be.above(950);
    });
  });
}
