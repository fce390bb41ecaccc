import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { ServerWork, UpstreamWork } from '../../lib/core/upstream-work.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

describe('servers at work, whole program', () => {
  let elb: Elb;
  const backends: Server[] = [];
  const addresses: string[] = [];
  /** Held while the test says so. */
  let isHeld = false;
  const held: (() => void)[] = [];

  before(async () => {
    for (let i = 0; i < 2; i++) {
      const backend = createServer((request, response) => {
        const status = request.url === '/bad' && i === 1 ? 500 : 200;
        const reply = () => response.writeHead(status).end('hello');
        if (isHeld) held.push(reply);
        else reply();
      });
      backend.listen(0, '127.0.0.1');
      await once(backend, 'listening');
      backends.push(backend);
      addresses.push(`127.0.0.1:${(backend.address() as AddressInfo).port}`); // it listens on TCP
    }
    const all = (servername: string) => ({ init: 'r', rules: { r: { type: 'backend', args: { servername } } } });
    elb = await startElb({
      env: { ELB_WORKERS: '2' },
      file: {
        domains: { 'a.test': all('up'), 'direct.test': all(addresses[0] ?? ''), 'broken.test': all('broken') },
        upstreams: {
          up: { [addresses[0] ?? '']: '', [addresses[1] ?? '']: 'max_fails=1000' },
          broken: { [addresses[1] ?? '']: 'max_fails=0', '127.0.0.1:1': 'down' },
        },
        options: {
          broken: { breaker: { window: 'count', size: 4, minimum: 2, open: '60s' }, retry: { tries: 1 } },
        },
      },
    });
  });

  after(async () => {
    await elb.stop();
    for (const backend of backends) backend.close().closeAllConnections();
  });

  async function read(query = ''): Promise<Record<string, UpstreamWork>> {
    return (await elb.admin('GET', `server${query}`)).json() as Record<string, UpstreamWork>; // what docs/api.md says
  }

  async function servers(upstream: string): Promise<readonly ServerWork[]> {
    return ofBackends((await read(`?upstream=${upstream}`))[upstream]);
  }

  /** In the order of the test, not of the document. */
  function ofBackends(work: UpstreamWork | undefined): readonly ServerWork[] {
    return [...(work?.servers ?? [])].toSorted((a, b) => addresses.indexOf(a.addr) - addresses.indexOf(b.addr));
  }

  async function workers(): Promise<readonly { readonly pid: number; readonly state: string }[]> {
    const status = (await elb.admin('GET', 'status').catch(() => null))?.json() as { workers: [] } | undefined; // as documented
    return status?.workers ?? [];
  }

  /** Kills all, the one that stands by too: the next ones know only what the primary tells them. */
  async function replaceWorkers(): Promise<void> {
    const pids = (await workers()).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('others serve', async () => {
      const serving = (await workers()).filter(({ pid, state }) => state === 'serving' && !pids.includes(pid));
      return serving.length === 2;
    });
  }

  const get = (host: string, path = '/') => elb.get(path, { host, connection: 'close' });

  it('counts requests, failures, retries and connections over all workers, and goes on when a worker is replaced', async () => {
    for (let i = 0; i < 40; i++) await get('a.test', '/bad');
    const before = (await read('?upstream=up'))['up'];
    const [good, bad] = ofBackends(before);
    expect(bad?.requests).to.be.greaterThan(10);
    expect(bad?.failures).to.equal(bad?.requests);
    expect([good?.requests, good?.failures]).to.deep.equal([40, 0]);
    expect(before?.retries).to.equal(bad?.requests);
    expect(good?.connections.made).to.be.within(1, 40);
    expect(good?.latency_ms).to.be.greaterThan(0);
    await replaceWorkers();
    for (let i = 0; i < 10; i++) await get('a.test');
    const after = (await read('?upstream=up'))['up'];
    expect(after?.servers.reduce((sum, { requests }) => sum + requests, 0)).to.equal(
      (good?.requests ?? 0) + (bad?.requests ?? 0) + 10,
    );
  });

  it('shows what is under way and which connections are kept', async () => {
    isHeld = true;
    const replies = Array.from({ length: 6 }, () => get('a.test'));
    await until('all are held', () => held.length === 6);
    const work = (await read('?upstream=up'))['up'];
    expect(work?.in_flight).to.equal(6);
    for (const { in_flight: inFlight, connections } of work?.servers ?? []) {
      expect(connections.open - connections.idle).to.equal(inFlight);
    }
    isHeld = false;
    for (const reply of held) reply();
    await Promise.all(replies);
    const [one] = await servers('up');
    expect(one?.in_flight).to.equal(0);
    expect(one?.connections.idle).to.equal(one?.connections.open);
  });

  it('tells an open breaker and what it has refused', async () => {
    for (let i = 0; i < 20; i++) await get('broken.test', '/bad');
    const { broken } = await read();
    expect(broken?.breaker?.state).to.equal('open');
    expect(broken?.opened).to.equal(1);
    expect(broken?.refused.open).to.be.within(1, 18);
    const [down, used] = ofBackends(broken);
    expect((broken?.refused.open ?? 0) + (used?.requests ?? 0)).to.equal(20);
    expect(down).to.include({ state: 'down', reason: 'parameters', used: false });
  });

  it('has servers that a graph names directly once they were used', async () => {
    const [address = ''] = addresses;
    await get('direct.test');
    expect((await read())[address]?.servers[0]).to.include({ addr: address, requests: 1, state: 'up' });
  });

  it('answers 404 for an upstream that there is not', async () => {
    expect((await elb.admin('GET', 'server?upstream=nope')).status).to.equal(404);
  });

  it('tells that a server is out for its failures, and until when', async () => {
    await elb.admin('PUT', 'upstream', { gone: { '127.0.0.1:1': 'fail_timeout=60s', [addresses[0] ?? '']: '' } });
    const rules = { r: { type: 'backend', args: { servername: 'gone' } } };
    await elb.admin('PUT', 'domain', { 'gone.test': { init: 'r', rules } });
    for (let i = 0; i < 6; i++) await get('gone.test');
    // One worker may have heard of it later than the other.
    await until('no worker uses it', async () => (await servers('gone'))[0]?.used === false);
    const [out] = await servers('gone');
    expect(out).to.include({ state: 'ejected', reason: 'max_fails', used: false });
    // Each of two workers may have met it before it heard of the other.
    expect(out?.ejections).to.be.within(1, 2);
    expect(Date.parse(out?.until ?? '') - Date.now()).to.be.within(30_000, 61_000);
  });

  it('goes on with the slow start of a server in workers that start meanwhile', async () => {
    const [first = '', second = ''] = addresses;
    const rules = { r: { type: 'backend', args: { servername: 'slow' } } };
    await elb.admin('PUT', 'option', { slow: { balance: { slow_start: '100s', slow_start_least: 0.01 } } });
    await elb.admin('PUT', 'upstream', { slow: { [first]: '' } });
    await elb.admin('PUT', 'domain', { 'slow.test': { init: 'r', rules } });
    await elb.admin('PUT', 'upstream', { slow: { [first]: '', [second]: '' } });
    await replaceWorkers();
    for (let i = 0; i < 100; i++) await get('slow.test');
    const [old, young] = await servers('slow');
    expect(old?.state).to.equal('up');
    expect(young?.state).to.equal('slow-start');
    expect(young?.reason).to.match(/^\d+ % of its share$/);
    // A worker that had forgotten would have given it half of its requests.
    expect(young?.requests).to.be.below(20);
  });
});
