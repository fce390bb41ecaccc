import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

/** What these tests look at of a request that was remembered. */
interface Kept {
  readonly target: string;
  readonly nodes: readonly { readonly node: string; readonly verdict: string | null }[];
  readonly tries: readonly { readonly server: string; readonly outcome: string }[];
  readonly status: number;
  readonly ending: string;
  readonly worker: number;
}

/** What they look at of the statistics. */
interface Some {
  readonly name: string;
  readonly upstream?: string;
  readonly count: number;
  readonly m1: number;
  readonly errCount: number;
  readonly p50: number | null;
  readonly codes: Readonly<Record<string, number>>;
  readonly windows: { readonly '1m': { readonly count: number } };
}

describe('requests and statistics of the program', () => {
  let elb: Elb;
  let port: number;
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/missing' ? 404 : 200;
    response.end();
  });

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo); // it listens on TCP
    elb = await startElb({
      env: { ELB_WORKERS: '2', ELB_REQUEST_ID: 'on', ELB_TRUSTED_PROXIES: '127.0.0.1' },
      file: {
        domains: {
          'a.test': {
            init: 'r1',
            rules: {
              r1: { type: 'path', args: { pattern: '/no', succ: 'r3', fail: 'r2' } },
              r2: { type: 'backend', args: { servername: 'up' } },
              r3: { type: 'respond', args: { status: 403 } },
            },
          },
        },
        upstreams: { up: { [`127.0.0.1:${port}`]: '', '127.0.0.1:1': '' } },
      },
    });
    for (let i = 0; i < 30; i++) {
      await elb.get(`/users/${i}`, { host: 'a.test', connection: 'close', 'x-request-id': `id-${i}` });
    }
    await elb.get('/missing', { host: 'a.test', 'x-forwarded-for': '192.0.2.7' });
    await elb.get('/no', { host: 'a.test' });
    await elb.get('/', { host: 'b.test' });
  });

  after(async () => {
    await elb.stop();
    server.close().closeAllConnections();
  });

  async function kept(query = ''): Promise<readonly Kept[]> {
    const { status, text, json } = await elb.admin('GET', `requests${query}`);
    expect(status, text).to.equal(200);
    return (json() as { requests: Kept[] }).requests;
  }

  it('remembers every request with its walk and its tries, of all workers', async () => {
    const all = await kept('?limit=1000');
    expect(all).to.have.lengthOf(33);
    const [one] = await kept('?id=id-7');
    expect(one?.nodes).to.deep.equal([
      { node: 'r1', verdict: 'fail' },
      { node: 'r2', verdict: null },
    ]);
    expect([one?.target, one?.tries.at(-1)?.outcome, one?.ending]).to.deep.equal(['/users/7', '200', 'ok']);
    const tried = all.flatMap(({ tries }) => tries).map(({ server: address, outcome }) => `${address} ${outcome}`);
    expect(new Set(tried)).to.deep.equal(
      new Set([`127.0.0.1:${port} 200`, `127.0.0.1:${port} 404`, '127.0.0.1:1 connect_failed']),
    );
  });

  for (const [query, targets] of [
    ['?status=404&domain=a.test', ['/missing']],
    ['?errors&status=4xx', ['/missing', '/no', '/']],
    ['?client=192.0.2.7', ['/missing']],
    ['?node=r3', ['/no']],
    ['?domain=', ['/']],
    ['?server=127.0.0.1:1&limit=0', null],
    ['?status=many', null],
    ['?colour=red', null],
  ] as const) {
    it(`${targets === null ? 'refuses' : 'finds by'} ${query}`, async () => {
      const { status } = await elb.admin('GET', `requests${query}`);
      expect(status).to.equal(targets === null ? 400 : 200);
      if (targets !== null) expect((await kept(query)).map(({ target }) => target)).to.have.members(targets);
    });
  }

  it('tells rates, times and statuses of domains, upstreams and servers', async () => {
    const read = async (query = ''): Promise<Record<'domains' | 'upstreams' | 'servers', Some[]> & { total: Some }> =>
      (await elb.admin('GET', `stats${query}`)).json() as Awaited<ReturnType<typeof read>>;
    const { total, domains, upstreams, servers } = await read();
    expect([total.count, total.errCount]).to.deep.equal([33, 3]);
    const domain = domains.find(({ name }) => name === 'a.test');
    expect(domain).to.deep.include({ count: 32, errCount: 2, codes: { 200: 30, 403: 1, 404: 1 } });
    expect(domain?.windows['1m'].count).to.equal(32);
    expect(domain?.p50).to.be.a('number');
    const good = servers.find(({ name }) => name.includes(`:${port}`));
    expect(good).to.deep.include({ upstream: 'up', count: 31, errCount: 1, codes: { 200: 30, 404: 1 } });
    const bad = servers.find(({ name }) => name.includes(':1'));
    expect(bad?.errCount).to.be.at.least(1);
    expect(upstreams.find(({ name }) => name === 'up')?.count).to.equal(31 + (bad?.count ?? 0));
    expect((await read('?upstream=up')).domains).to.deep.equal([]);
    await until('the rates have moved', async () => (await read('?domain=a.test')).domains[0]?.m1 !== 0);
  });

  it('tells what is at the top: paths by pattern, domains, clients, the slowest', async () => {
    const { top } = (await elb.admin('GET', 'stats')).json() as {
      top: {
        paths: { path: string; count: number }[];
        domains: { name: string; count: number }[];
        clients: { client: string; count: number }[];
        slowest: { duration_ms: number }[];
      };
    };
    const patterns = new Map(top.paths.map(({ path, count }) => [path, count]));
    expect(patterns.get('/users/*')).to.equal(10);
    expect(top.domains[0]).to.deep.include({ name: 'a.test', count: 32 });
    expect(top.clients.map(({ client }) => client)).to.deep.equal(['127.0.0.1', '192.0.2.7']);
    const times = top.slowest.map(({ duration_ms: ms }) => ms);
    expect(times).to.have.lengthOf(10);
    expect(times).to.deep.equal(times.toSorted((a, b) => b - a));
  });
});
