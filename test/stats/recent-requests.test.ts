import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { EVERY_REQUEST, RecentRequests } from '../../lib/stats/recent-requests.ts';
import { RequestRecord } from '../../lib/stats/request-record.ts';

describe('recent requests', () => {
  const recordOf = (parts: Partial<RequestRecord>): RequestRecord =>
    Object.assign(new RequestRecord(), { method: 'GET', target: '/', host: 'a.test', status: 200, ...parts });

  it('tell what a request was like', () => {
    const recent = new RecentRequests(4);
    const record = recordOf({
      target: '/x?y=1',
      client: '192.0.2.7',
      id: 'id1',
      domain: 'a.test',
      upstream: 'up',
      durationMs: 5,
    });
    record.nodes.push({ name: 'r1', edge: '' }, { name: 'r2', edge: 'succ' });
    record.servers = [
      { address: '10.0.0.1:80', startedMs: 0, ms: 3, outcome: Fault.CONNECT_FAILED, spanId: null },
      { address: '10.0.0.2:80', startedMs: 0, ms: 1, outcome: 200, spanId: null },
    ];
    recent.keep(record);
    const [told] = recent.find(EVERY_REQUEST).requests;
    expect(told).to.deep.include({
      id: 'id1',
      host: 'a.test',
      target: '/x?y=1',
      client: '192.0.2.7',
      server: '10.0.0.2:80',
    });
    expect(told?.nodes).to.deep.equal([
      { node: 'r1', verdict: 'succ' },
      { node: 'r2', verdict: null },
    ]);
    expect(told?.tries.map(({ server, outcome }) => [server, outcome])).to.deep.equal([
      ['10.0.0.1:80', 'connect_failed'],
      ['10.0.0.2:80', '200'],
    ]);
  });

  it('are the last ones, and those that ended badly stay longer', () => {
    const recent = new RecentRequests(3);
    recent.keep(recordOf({ target: '/bad', status: 502, fault: Fault.NO_SERVER }));
    for (let i = 1; i <= 5; i++) recent.keep(recordOf({ target: `/${i}` }));
    const { requests } = recent.find(EVERY_REQUEST);
    expect(new Set(requests.map(({ target }) => target))).to.deep.equal(new Set(['/5', '/4', '/3', '/bad']));
    expect(recent.find({ ...EVERY_REQUEST, errors: true }).requests.map(({ target }) => target)).to.deep.equal([
      '/bad',
    ]);
  });

  it('are found by everything that is told of them', () => {
    const recent = new RecentRequests(8);
    const one = recordOf({
      target: '/a',
      domain: 'a.test',
      client: '1.1.1.1',
      id: 'x',
      upstream: 'up',
      durationMs: 30,
    });
    one.nodes.push({ name: 'n' });
    one.servers = [{ address: 's:1', startedMs: 0, ms: 1, outcome: 404, spanId: null }];
    one.status = 404;
    recent.keep(one);
    recent.keep(recordOf({ target: '/b' }));
    const found = (filter: Partial<typeof EVERY_REQUEST>): string[] =>
      recent.find({ ...EVERY_REQUEST, ...filter }).requests.map(({ target }) => target);
    const filters: Partial<typeof EVERY_REQUEST>[] = [
      { domain: 'a.test' },
      { status: { from: 400, to: 499 } },
      { id: 'x' },
      { path: '/a' },
      { client: '1.1.1.1' },
      { upstream: 'up' },
      { server: 's:1' },
      { node: 'n' },
      { minMs: 20 },
      { errors: true },
      { slowest: true, limit: 1 },
    ];
    for (const filter of filters) expect(found(filter), JSON.stringify(filter)).to.deep.equal(['/a']);
    expect(found({})).to.have.members(['/a', '/b']);
    expect(found({ limit: 1 })).to.have.lengthOf(1);
  });

  it('are cut where they are long, and hold on to nothing', () => {
    const recent = new RecentRequests(2);
    recent.keep(recordOf({ target: `/${'x'.repeat(60_000)}`, host: 'h'.repeat(300), method: 'M'.repeat(32) }));
    const [told] = recent.find(EVERY_REQUEST).requests;
    expect([told?.target.length, told?.host.length, told?.method.length]).to.deep.equal([512, 300, 15]);
  });

  it('are kept one of many where there are many, and what is kept stands for all', () => {
    const recent = new RecentRequests(16);
    const count = 100_000;
    for (let i = 0; i < count; i++) recent.keep(recordOf({ target: `/${i % 10}` }));
    recent.samples.close();
    const samples = recent.samples.take(Infinity);
    const weight = samples.reduce((sum, one) => sum + one.weight, 0);
    expect(samples.length).to.be.below(2000);
    expect(weight).to.be.within(count * 0.9, count);
    expect(recent.samples.size).to.equal(0);
  });
});
