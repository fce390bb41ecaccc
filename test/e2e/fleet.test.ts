import { expect } from 'chai';
import { graphText, graphTo } from '../fixtures/control-plane.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { TcpRelay } from '../fixtures/tcp-relay.ts';
import { until } from '../fixtures/until.ts';

interface Instance {
  readonly id: string;
  readonly self: boolean;
  readonly version: string;
  readonly revision: number;
  readonly hash: string;
  readonly rejected: number;
  readonly overlays: number;
  readonly ready: boolean;
  readonly lags: boolean;
}

async function fleetOf(elb: Elb): Promise<readonly Instance[]> {
  return ((await elb.admin('GET', 'fleet')).json() as { instances: Instance[] }).instances;
}

describe('a fleet of three', () => {
  let etcd: EtcdProcess;
  /** Between the third instance and etcd. */
  let relay: TcpRelay;
  let elbs: readonly [Elb, Elb, Elb];
  /** What has to be ended, whatever went wrong before. */
  const started: { stop(): Promise<unknown> }[] = [];

  before(async function () {
    this.timeout(60_000);
    etcd = await startEtcd();
    started.push(etcd);
    relay = await TcpRelay.start(Number(new URL(etcd.endpoint).port));
    started.push(relay);
    const start = async (endpoint: string): Promise<Elb> => {
      const elb = await startElb({ env: { ETCD: endpoint } });
      started.push(elb);
      return elb;
    };
    elbs = await Promise.all([
      start(etcd.endpoint),
      start(etcd.endpoint),
      start(`http://127.0.0.1:${String(relay.port)}`),
    ]);
    await until('all are seen', async () => (await fleetOf(elbs[0])).length === 3);
  });

  after(async () => {
    for (const one of started.toReversed()) await one.stop();
  });

  async function put(key: string, value: string): Promise<number> {
    const said = JSON.parse(await etcd.ctl('put', `/ELB/${key}`, value, '-w', 'json')) as {
      header: { revision: number };
    };
    return said.header.revision;
  }

  it('is shown the same by each of them', async () => {
    // An instance shows itself a moment after it serves.
    let fleets = await Promise.all(elbs.map((elb) => fleetOf(elb)));
    await until('all three are told by each', async () => {
      fleets = await Promise.all(elbs.map((elb) => fleetOf(elb)));
      return fleets.every((instances) => instances.length === 3);
    });
    const ids = fleets.map((instances) => instances.map(({ id }) => id));
    expect(ids[1]).to.deep.equal(ids[0]);
    expect(ids[2]).to.deep.equal(ids[0]);
    expect(new Set(fleets.map((instances) => instances.find(({ self }) => self)?.id)).size).to.equal(3);
    for (const instance of fleets.flat()) {
      expect(instance).to.include({ ready: true, lags: false, rejected: 0, overlays: 0 });
      expect(instance.version).to.match(/^\d/);
    }
  });

  it('is waited for as a whole', async () => {
    const revision = await put('rules/w.test', graphText('10.0.0.1'));
    const answer = await elbs[0].admin('PUT', `wait?revision=${revision}&fleet=1`);
    expect(answer.status, answer.text).to.equal(200);
    for (const elb of elbs) {
      expect(Object.keys((await elb.admin('GET', 'domain')).json() as object)).to.include('w.test');
    }
    // Whoever has waited tells the others a moment later how it is itself.
    await until('all tell the same hash', async () => {
      return new Set((await fleetOf(elbs[1])).map(({ hash }) => hash)).size === 1;
    });
  });

  it('is waited for where a transaction is made of pieces', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i}.many.test`, graphTo('10.0.0.1')]));
    const written = await elbs[1].admin('PUT', 'domain?store=1', many);
    expect(written.status).to.equal(200);
    const revision = String(written.headers['elb-revision']);
    const answer = await elbs[0].admin('PUT', `wait?revision=${revision}&fleet=1`);
    expect(answer.status, answer.text).to.equal(200);
    const shown = await Promise.all(elbs.map(async (elb) => (await elb.admin('GET', 'domain')).text));
    expect(new Set(shown).size).to.equal(1);
    expect(shown[0]).to.include('299.many.test');
  });

  it('tells what its instances refuse, and what they have not dumped', async () => {
    await elbs[1].admin('PUT', 'domain', { 'mine.test': graphTo('10.0.0.1') });
    await put('rules/bad.test', '{}');
    await until('it is told', async () => {
      const told = (await fleetOf(elbs[0])).map(({ rejected, overlays }) => `${rejected} ${overlays}`);
      return told.toSorted().join() === '1 0,1 0,1 1';
    });
    await etcd.ctl('del', '/ELB/rules/bad.test');
    await elbs[1].admin('DELETE', 'domain', ['mine.test']);
  });

  it('comes to rest: what they tell of themselves wakes nobody', async () => {
    const look = async () =>
      (JSON.parse(await etcd.ctl('get', 'x', '-w', 'json')) as { header: { revision: number } }).header;
    await until('the last news is told', async () => {
      const instances = await fleetOf(elbs[0]);
      return new Set(instances.map(({ hash }) => hash)).size === 1 && instances.every(({ overlays }) => overlays === 0);
    });
    await until('nothing is told any more', async () => {
      const { revision } = await look();
      // Etcd is asked for progress every two seconds, instances announce themselves every five.
      await elbs[0].admin('PUT', `wait?revision=${revision + 1}&timeout=6s`);
      return (await look()).revision === revision;
    });
  }).timeout(40_000);

  it('tells who lags, and that others are waited for in vain', async () => {
    const [third] = (await fleetOf(elbs[2])).filter(({ self }) => self);
    relay.cut();
    await elbs[2].logged(({ msg }) => msg.startsWith('the store cannot be followed'));
    const revision = await put('rules/late.test', graphText('10.0.0.1'));
    await until('all but the third serve it', async () => {
      const answer = await elbs[0].admin('PUT', `wait?revision=${revision}&fleet=1&timeout=300ms`);
      expect(answer.status).to.equal(408);
      const { late } = answer.json() as { late: string[] };
      expect(late).to.include(third?.id);
      return late.length === 1;
    });
    const lagging = (await fleetOf(elbs[1])).filter(({ lags }) => lags);
    expect(lagging.map(({ id }) => id)).to.deep.equal([third?.id]);
    relay.mend();
    const caughtUp = await elbs[0].admin('PUT', `wait?revision=${revision}&fleet=1&timeout=20s`);
    expect(caughtUp.status, caughtUp.text).to.equal(200);
    expect((await fleetOf(elbs[1])).filter(({ lags }) => lags)).to.deep.equal([]);
  }).timeout(40_000);

  it('is left by who ends', async () => {
    await elbs[2].stop();
    await until('it is gone', async () => (await fleetOf(elbs[0])).length === 2);
  });
});

describe('a fleet of one', () => {
  it('is what follows a file', async () => {
    const elb = await startElb();
    const [self, ...others] = await fleetOf(elb);
    expect(others).to.deep.equal([]);
    expect(self).to.include({ self: true, lags: false, ready: true });
    expect((await elb.admin('PUT', 'wait?revision=1&fleet=1&timeout=1s')).status).to.equal(200);
    await elb.stop();
  });
});
