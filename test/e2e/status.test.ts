import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { graphText, graphTo } from '../fixtures/control-plane.ts';
import { until } from '../fixtures/until.ts';

/** What these tests look at of a status. */
interface Status {
  readonly instance: { ready: boolean; reason: string | null; version: string; uptime_s: number };
  readonly store: {
    store: string;
    source: string | null;
    connected: boolean;
    trouble: string | null;
    applied: number;
    seen: number;
    lag: number;
    age_s: number | null;
  };
  readonly rejected: readonly { key: string; reason: string; age_s: number; last_good: boolean }[];
  readonly overlays: readonly { key: string; change: string }[];
  readonly workers: readonly { pid: number; state: string; revision: number; behind: number }[];
}

describe('status, health and wait', () => {
  let etcd: EtcdProcess;
  let elb: Elb;

  before(async () => {
    etcd = await startEtcd();
    elb = await startElb({ env: { ETCD: etcd.endpoint, ELB_WORKERS: '2' } });
  });

  after(async () => {
    await elb.stop();
    await etcd.stop();
  });

  async function status(): Promise<Status> {
    return (await elb.admin('GET', 'status')).json() as Status;
  }

  /** Writes as an operator would; answers the revision that this became. */
  async function put(key: string, value: string): Promise<number> {
    const said = JSON.parse(await etcd.ctl('put', `/ELB/${key}`, value, '-w', 'json')) as {
      header: { revision: number };
    };
    return said.header.revision;
  }

  it('says what it is, and that it is ready', async () => {
    const { instance } = await status();
    expect(instance).to.include({ ready: true, reason: null });
    expect(instance.version).to.match(/^\d+\.\d+\.\d+/);
    expect((await elb.admin('GET', 'health')).text).to.equal('{"msg":"OK"}\n');
  });

  it('a revision that was waited for is served by every worker', async () => {
    // It comes up behind the others.
    await until('one stands by', async () => (await status()).workers.some(({ state }) => state === 'standby'));
    const revision = await put('rules/w.test', graphText('w'));
    const answer = await elb.admin('PUT', `wait?revision=${revision}`);
    expect(answer.status, answer.text).to.equal(200);
    const { store, workers } = await status();
    expect(store.applied).to.be.at.least(revision);
    expect(store).to.include({ source: 'etcd', lag: 0, connected: true, trouble: null });
    expect(store.age_s).to.be.at.least(0);
    expect(workers.map(({ state }) => state).toSorted()).to.deep.equal(['serving', 'serving', 'standby']);
    const isUpToDate = (worker: (typeof workers)[number]): boolean =>
      worker.behind === 0 && worker.revision >= revision;
    expect(workers.filter(({ state }) => state === 'serving').every(isUpToDate)).to.equal(true);
    await until('the one that stands by follows', async () => (await status()).workers.every(isUpToDate));
    const answers = await Promise.all(Array.from({ length: 8 }, () => elb.get('/', { Host: 'w.test' })));
    expect(answers.map((one) => one.status)).to.deep.equal(Array(8).fill(502));
  });

  it('a revision that is nowhere yet: 408 with the one that is served', async () => {
    const answer = await elb.admin('PUT', 'wait?revision=1000000&timeout=50ms');
    expect(answer.status).to.equal(408);
    const { revision } = answer.json() as { revision: number };
    expect(revision).to.equal((await status()).store.applied);
  });

  it('lists what is refused, with reason and age, and what is not dumped', async () => {
    await put('rules/bad.test', graphText('u'));
    const revision = await put('rules/bad.test', '{"init": 1}');
    await elb.admin('PUT', `wait?revision=${revision}`);
    await elb.admin('PUT', 'domain', { 'mine.test': graphTo('u') });
    const { rejected, overlays } = await status();
    expect(rejected.map(({ key, last_good }) => [key, last_good])).to.deep.equal([['rules/bad.test', true]]);
    expect(rejected[0]?.reason).to.match(/init/);
    expect(rejected[0]?.age_s).to.be.within(0, 60);
    expect(overlays).to.deep.equal([{ key: 'rules/mine.test', change: 'put' }]);
    await elb.admin('PUT', 'dump');
    const after = await status();
    expect([after.rejected, after.overlays]).to.deep.equal([[], []]);
  });

  it('stays healthy without etcd, and says what is wrong and for how long', async () => {
    await etcd.kill();
    await elb.logged(({ msg }) => msg.startsWith('the store cannot be followed'));
    expect((await elb.admin('GET', 'health')).status).to.equal(200);
    const answer = await elb.admin('PUT', 'wait?revision=1000000&timeout=10ms');
    expect(answer.status).to.equal(503);
    const first = await status();
    expect(first.store.connected).to.equal(false);
    expect(first.store.trouble).to.be.a('string').and.not.equal('');
    await until('it is older', async () => Number((await status()).store.age_s) > Number(first.store.age_s));
    await etcd.restart();
    await until('it is followed again', async () => (await status()).store.connected);
  });
});

describe('health', () => {
  it('is 503 with the reason until something is loaded', async () => {
    const elb = await startElb({ env: { ETCD: '127.0.0.1:1' }, loaded: false });
    const answer = await elb.admin('GET', 'health');
    expect(answer.status).to.equal(503);
    expect(answer.json()).to.include({ msg: 'no configuration has been loaded yet' });
    await elb.stop();
  });

  it('is open to the networks of load balancers where nothing else is, without a token', async () => {
    const env = { ELB_ADMIN_ALLOW: '10.0.0.0/8', ELB_HEALTH_ALLOW: '127.0.0.1', ELB_ADMIN_TOKEN: 'x' };
    const elb = await startElb({ env });
    expect((await elb.admin('GET', 'health')).status).to.equal(200);
    expect((await elb.admin('GET', 'status')).status).to.equal(403);
    await elb.stop();
  });
});
