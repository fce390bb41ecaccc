import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import type { StatView } from '../../lib/core/stat-view.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { RowServer } from '../fixtures/server-row.ts';
import { graphOf, to } from '../fixtures/site.ts';
import { until } from '../fixtures/until.ts';

/** What is told of the servers behind a way, a canary and a mirror, each by itself, by the numbers of earlier programs' promises. */
describe('figures of upstreams', () => {
  let elb: Elb;
  let servers: RowServer[];

  before(async () => {
    servers = await Promise.all(['main', 'canary', 'mirror'].map((name) => new RowServer(name).start()));
    elb = await startElb({
      args: ['--workers', '2'],
      file: {
        domains: {
          '*': graphOf({
            copy: ['mirror', { upstream: 'mirror', next: 'canaries' }],
            canaries: ['header', { name: 'X-Canary', in: ['1'], succ: 'canary', fail: 'main' }],
            main: to('main'),
            canary: to('canary'),
          }),
        },
        upstreams: Object.fromEntries(servers.map(({ name, address }) => [name, { [address]: 'max_fails=0' }])),
        options: Object.fromEntries(servers.map(({ name }) => [name, { retry: { tries: 1 } }])),
      },
    });
  });
  after(async () => {
    await elb.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  interface Figures extends StatView {
    readonly name: string;
  }

  async function read(
    query: string,
  ): Promise<{ readonly upstreams: readonly Figures[]; readonly servers: readonly Figures[] }> {
    return (await elb.admin('GET', `stats${query}`)).json() as Awaited<ReturnType<typeof read>>; // as docs/api.md says
  }

  /** Of one upstream, once all that was asked has been counted. */
  async function figures(name: string, count: number): Promise<Figures> {
    let found: Figures | undefined;
    await until(`${count} requests of ${name} are counted`, async () => {
      found = (await read(`?upstream=${name}`)).upstreams.find((one) => one.name === name);
      return found?.count === count;
    });
    return found!;
  }

  it('of main, canary and mirror apart: counts, rates, errors, times, bytes and statuses', async () => {
    const [main, canary] = servers;
    for (let i = 0; i < 8; i++) await elb.get('/');
    main!.status = 404;
    for (let i = 0; i < 2; i++) await elb.get('/');
    canary!.status = 503;
    for (let i = 0; i < 3; i++) await elb.get('/', { 'x-canary': '1' });
    const [one, two, three] = [await figures('main', 10), await figures('canary', 3), await figures('mirror', 13)];
    expect([one.codes, one.errCount]).to.deep.equal([{ 200: 8, 404: 2 }, 2]);
    expect([two.codes, two.errCount]).to.deep.equal([{ 503: 3 }, 3]);
    expect([three.codes, three.errCount]).to.deep.equal([{ 200: 13 }, 0]);
    for (const stat of [one, two, three]) {
      const { min, max, mean, p25, p50, p75, p95, p98, p99, p999 } = stat;
      const times = [min, p25, p50, p75, p95, p98, p99, p999, max];
      expect(times, stat.name).to.deep.equal(times.toSorted((x, y) => (x ?? 0) - (y ?? 0)));
      expect(mean).to.be.within(min ?? 0, max ?? 0);
      for (const size of [stat.reqSize, stat.respSize]) expect(size).to.be.above(stat.count * 50);
      for (const rate of [stat.m1, stat.m5, stat.m15]) expect(rate).to.be.within(0, 20);
      for (const share of [stat.m1ErrPercent, stat.m5ErrPercent, stat.m15ErrPercent]) expect(share).to.be.within(0, 1);
    }
    const { servers: all } = await read('?upstream=main');
    expect(all.map(({ count }) => count)).to.deep.equal([10]);
  });

  it('a client that leaves before its reply is told apart (client_gone; 499 in the access log), and the server is left', async () => {
    const canary = servers[1]!;
    canary.isMute = true;
    const before = canary.got.length;
    const client = connect(elb.port, '127.0.0.1');
    await once(client, 'connect');
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nX-Canary: 1\r\n\r\n');
    await until('the server has the request', () => canary.got.length > before);
    client.resetAndDestroy();
    expect((await figures('canary', 4)).codes).to.deep.include({ client_gone: 1 });
  });
});
