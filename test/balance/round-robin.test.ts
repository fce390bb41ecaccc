import { expect } from 'chai';
import fc from 'fast-check';
import { balancers } from '../../lib/balance/index.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import type { Server } from '../../lib/upstream/server.ts';
import { Upstream } from '../../lib/upstream/upstream.ts';
import { ManualTime, serverOf, type SomeSpec } from '../fixtures/servers.ts';

describe('round robin and passive health', () => {
  let time: ManualTime;

  beforeEach(() => {
    time = new ManualTime();
  });

  function advance(ms: number): void {
    time.advance(ms);
  }

  function upstream(...specs: SomeSpec[]): { up: Upstream; servers: Server[] } {
    const servers = specs.map((spec) => serverOf(spec, time.wheel));
    const up = new Upstream('up', { wheel: time.wheel, balancers, random: () => 0 }, DEFAULT_OPTIONS);
    up.replace(servers);
    return { up, servers };
  }

  function picks(up: Upstream, count: number): string {
    return Array.from({ length: count }, () => {
      const server = up.pick([]);
      server?.chosen();
      server?.done();
      return server?.spec.name ?? '-';
    }).join('');
  }

  it('is smooth: 5, 1, 1 is never five in a row', () => {
    const { up } = upstream({ name: 'a', weight: 5 }, { name: 'b' }, { name: 'c' });
    expect(picks(up, 14)).to.equal('aabaacaaabaaca');
  });

  it('gives each server its share of any weights', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const names = 'abcdefgh';
        const { up } = upstream(...weights.map((weight, i) => ({ name: names[i] ?? '', weight })));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const got = picks(up, total * 3);
        for (const [i, weight] of weights.entries()) expect(got.split(names[i] ?? '').length - 1).to.equal(weight * 3);
      }),
    );
  });

  it('leaves a server alone for fail_timeout after max_fails failures, then tries it once', () => {
    const { up, servers } = upstream({ name: 'a', maxFails: 2 }, { name: 'b' });
    const [a] = servers;
    a?.failed();
    expect(picks(up, 4)).to.include('a');
    a?.failed();
    expect(picks(up, 6)).to.equal('bbbbbb');
    advance(10_010);
    expect(picks(up, 8).split('a')).to.have.length(2);
    a?.succeeded();
    expect(picks(up, 8).split('a').length).to.be.above(2);
  });

  it('counts failures within fail_timeout only', () => {
    const { up, servers } = upstream({ name: 'a', maxFails: 2 }, { name: 'b' });
    servers[0]?.failed();
    advance(10_010);
    servers[0]?.failed();
    expect(picks(up, 6)).to.include('a');
  });

  it('never takes out a server with max_fails=0', () => {
    const { up, servers } = upstream({ name: 'a', maxFails: 0 }, { name: 'b' });
    for (let i = 0; i < 10; i++) servers[0]?.failed();
    expect(picks(up, 6)).to.include('a');
  });

  it('uses backups only while no other is usable, and down ones never', () => {
    const { up, servers } = upstream({ name: 'a' }, { name: 'b', backup: true }, { name: 'c', down: true });
    expect(picks(up, 4)).to.equal('aaaa');
    servers[0]?.failed();
    expect(picks(up, 4)).to.equal('bbbb');
    advance(10_010);
    expect(picks(up, 1)).to.equal('a');
  });

  it('tries all again when all are out', () => {
    const { up, servers } = upstream({ name: 'a' }, { name: 'b' });
    for (const server of servers) server.failed();
    expect(picks(up, 4)).to.match(/a/).and.match(/b/);
  });

  it('does not go back to a server that the request has tried, even if all others are out', () => {
    const { up, servers } = upstream({ name: 'a' }, { name: 'b' });
    for (const server of servers) server.failed();
    const first = up.pick([]);
    if (first === null) throw new Error('no server');
    first.failed();
    const second = up.pick([first]);
    expect(second).to.not.equal(first);
    expect(up.pick([...servers])).to.equal(null);
  });

  it('keeps to max_conns', () => {
    const { up, servers } = upstream({ name: 'a', maxConns: 1 }, { name: 'b', maxConns: 2 });
    const lent = [up.pick([]), up.pick([])];
    for (const server of lent) server?.chosen();
    const third = up.pick([]);
    third?.chosen();
    expect(third?.spec.name).to.equal('b');
    expect(up.pick([])).to.equal(null);
    servers[0]?.done();
    expect(up.pick([])?.spec.name).to.equal('a');
  });
});
