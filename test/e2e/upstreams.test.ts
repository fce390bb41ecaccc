import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ALGORITHMS } from '../../lib/upstream/options/balance.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd, type EtcdProcess } from '../fixtures/etcd.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { startLoad } from '../fixtures/steady-load.ts';

const STICKY = { sticky: { cookie: 'elb', secret: 'one for all' } };

describe('upstreams of the program', function () {
  // Several instances are started in one test.
  this.timeout(60_000);
  const elbs: Elb[] = [];
  let etcd: EtcdProcess;
  let servers: readonly NamedServer[];

  before(async () => {
    [etcd, servers] = await Promise.all([
      startEtcd(),
      Promise.all(['a', 'b', 'c'].map((name) => startNamedServer(name))),
    ]);
  });
  after(async () => {
    await Promise.all([etcd.stop(), ...servers.map((server) => server.stop())]);
  });
  afterEach(async () => {
    await Promise.all(elbs.splice(0).map((elb) => elb.stop()));
    await etcd.ctl('del', '--prefix', '/ELB/');
  });

  async function start(env: Record<string, string>, options: object = {}, parameters = ['', '', '']): Promise<Elb> {
    const file = {
      domains: { '*': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'up' } } } } },
      upstreams: { up: Object.fromEntries(servers.map(({ address }, i) => [address, parameters[i] ?? ''])) },
      options: { up: options },
    };
    const elb = await startElb({ ...(env['ETCD'] === undefined ? { file } : {}), env: { ELB_WORKERS: '2', ...env } });
    elbs.push(elb);
    return elb;
  }

  /** Names of the servers that answer so many requests, each on a connection of its own; it must be 200. */
  async function answers(elb: Elb, count: number, headers: Record<string, string> = {}): Promise<readonly string[]> {
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const { status, text } = await elb.get('/', headers);
      expect(status).to.equal(200);
      names.push(text.split(' ')[0] ?? '');
    }
    return names;
  }

  it('share requests as weights say, whichever worker has them', async () => {
    const elb = await start({}, {}, ['weight=10', 'weight=1', 'down']);
    const names = await answers(elb, 220);
    const light = names.filter((name) => name === 'b').length;
    // Exact in each worker, but for its last round.
    expect(light).to.be.within(18, 22);
    expect(names).to.not.include('c');
  });

  it('keep sessions over workers, instances, changes and restarts', async () => {
    const first = await start({}, STICKY);
    const reply = await first.get('/');
    const cookie = String(reply.headers['set-cookie']).split(';')[0] ?? '';
    const name = reply.text.split(' ')[0] ?? '';
    const options = { up: { ...STICKY, balance: { algorithm: 'p2c' } } };
    expect((await first.admin('PUT', 'option', options)).status).to.equal(200);
    const draining = Object.fromEntries(servers.map((one) => [one.address, one.name === name ? 'drain' : '']));
    expect((await first.admin('PUT', 'upstream', { up: draining })).status).to.equal(200);
    expect(new Set(await answers(first, 10, { cookie }))).to.deep.equal(new Set([name]));
    expect(await answers(first, 10)).to.not.include(name);
    await first.stop();
    const second = await start({}, STICKY);
    expect(new Set(await answers(second, 10, { cookie }))).to.deep.equal(new Set([name]));
  });

  it('change algorithm, list and options all the time, and no request fails', async () => {
    const elb = await start({});
    const load = startLoad(elb.port, { host: 'a.test' });
    for (const [round, algorithm] of ALGORITHMS.entries()) {
      const options = { ...STICKY, balance: { algorithm, slow_start: '1s' } };
      expect((await elb.admin('PUT', 'option', { up: options })).status).to.equal(200);
      const some = servers.filter((_, i) => i !== round % 3);
      const up = Object.fromEntries(some.map(({ address }, i) => [address, `weight=${i + round + 1}`]));
      expect((await elb.admin('PUT', 'upstream', { up })).status).to.equal(200);
    }
    expect((await elb.admin('DELETE', 'option', ['up'])).json()).to.deep.equal({ up: true });
    await load.stop();
    expect(load.failures).to.deep.equal([]);
    expect(load.answered).to.be.above(100);
    expect(load.bodies.size).to.equal(3);
  });

  it('take their options from etcd, and go back to the defaults without them', async () => {
    const graph = { init: 'r', rules: { r: { type: 'backend', args: { servername: 'up' } } } };
    await etcd.ctl('put', '/ELB/options/up', JSON.stringify({ balance: { algorithm: 'ip-hash' } }));
    for (const { address } of servers) await etcd.ctl('put', `/ELB/upstreams/up/${address}`, '');
    await etcd.ctl('put', '/ELB/rules/*', JSON.stringify(graph));
    const elb = await start({ ETCD: etcd.endpoint });
    expect(new Set(await answers(elb, 12)).size).to.equal(1);
    // Bad ones leave the good ones in force.
    await etcd.ctl('put', '/ELB/options/up', '{"balance": {"algorithm": "best"}}');
    await elb.logged(({ msg }) => msg === 'a value in the store is refused');
    expect(new Set(await answers(elb, 12)).size).to.equal(1);
    await etcd.ctl('del', '/ELB/options/up');
    while (new Set(await answers(elb, 6)).size < 3);
    expect((await elb.admin('GET', 'option')).json()).to.deep.equal({});
  });

  it('are dumped with their options', async () => {
    const elb = await start({});
    const options = { up: STICKY, later: { balance: { tags: ['v2'] } } };
    expect((await elb.admin('PUT', 'option', options)).status).to.equal(200);
    expect((await elb.admin('PUT', 'dump')).status).to.equal(200);
    const { options: dumped } = parse(readFileSync(elb.file, 'utf8')) as { readonly options: unknown };
    expect(dumped).to.deep.equal(options);
  });
});
