import { expect } from 'chai';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { StoreError } from '../../lib/store/store.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { failure } from '../fixtures/failure.ts';
import { TcpRelay } from '../fixtures/tcp-relay.ts';

const OPEN = { username: null, password: null, ca: null, cert: null, key: null };

describe('sync over a real etcd', () => {
  let etcd: EtcdProcess;
  let prefix = '';
  let count = 0;
  let planes: ControlPlane[] = [];
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());
  beforeEach(() => {
    prefix = `/ELB${++count}/`;
  });
  afterEach(async () => {
    await Promise.all(planes.map((plane) => plane.sync.stop()));
    planes = [];
  });

  function open(endpoint = etcd.endpoint): EtcdStore {
    return new EtcdStore({ ...OPEN, endpoints: [endpoint], prefix });
  }

  async function start(endpoint = etcd.endpoint): Promise<ControlPlane> {
    const plane = new ControlPlane(open(endpoint));
    planes.push(plane);
    await plane.sync.start();
    return plane;
  }

  async function put(key: string, value: string): Promise<void> {
    await etcd.ctl('put', prefix + key, value);
  }

  it('follows etcdctl, in two instances', async () => {
    await put('rules/a.test', graphText('one'));
    const both = [await start(), await start()];
    for (const plane of both) await plane.until(() => plane.domain('a.test') === 'one');
    await put('upstreams/one/10.0.0.1:80', 'weight=2');
    await put('rules/a.test', graphText('two'));
    await put('rules/b.test', 'bad');
    await etcd.ctl('del', `${prefix}upstreams/one/10.0.0.1:80`);
    await etcd.ctl('del', `${prefix}rules/a.test`);
    for (const plane of both) {
      await plane.until(() => plane.domain('a.test') === null);
      const told = plane.batches.flat().map(({ kind, name }) => `${kind} ${name}`);
      expect(told).to.deep.equal([
        'domain a.test',
        'upstream one',
        'domain a.test',
        'bad-domain b.test',
        'upstream one',
        'domain a.test',
      ]);
    }
  });

  it('survives kill -9: what was made here stays, what is written later wins', async () => {
    await put('rules/a.test', graphText('old'));
    const plane = await start();
    await plane.until(() => plane.domain('a.test') === 'old');
    await plane.mutate([{ kind: 'put-domain', name: 'a.test', document: graphTo('mine') }]);
    await etcd.kill();
    await plane.until(() => !plane.sync.status.connected);
    await plane.mutate([{ kind: 'put-domain', name: 'b.test', document: graphTo('mine') }]);
    await etcd.restart();
    await plane.until(() => plane.sync.status.connected);
    expect([plane.domain('a.test'), plane.domain('b.test')]).to.deep.equal(['mine', 'mine']);
    await put('rules/a.test', graphText('new'));
    await plane.until(() => plane.domain('a.test') === 'new');
    expect(plane.domain('b.test')).to.equal('mine');
    await plane.dump();
    expect(await etcd.ctl('get', '--print-value-only', `${prefix}rules/b.test`)).to.equal(`${graphText('mine')}\n`);
  });

  it('catches up after a compaction past its revision', async () => {
    await put('rules/a.test', graphText('old'));
    await put('rules/gone.test', graphText('old'));
    const relay = await TcpRelay.start(Number(new URL(etcd.endpoint).port));
    const plane = await start(`http://127.0.0.1:${relay.port}`);
    await plane.until(() => plane.domain('gone.test') === 'old');
    await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') }]);
    relay.cut();
    await plane.until(() => !plane.sync.status.connected);
    await etcd.ctl('del', `${prefix}rules/gone.test`);
    await put('rules/a.test', graphText('new'));
    const { header } = JSON.parse(await etcd.ctl('-w=json', 'get', 'x'));
    await etcd.ctl('compact', String(header.revision));
    relay.mend();
    await plane.until(() => plane.domain('a.test') === 'new');
    expect([plane.domain('gone.test'), plane.domain('mine.test')]).to.deep.equal([null, 'mine']);
    await put('rules/a.test', graphText('newer'));
    await plane.until(() => plane.domain('a.test') === 'newer');
    await plane.sync.stop();
    await relay.stop();
    planes = [];
  });

  it('starts without etcd, says so once, and catches up by itself', async () => {
    await put('rules/a.test', graphText('old'));
    await etcd.kill();
    const plane = await start();
    await plane.until(() => plane.lines.length > 0);
    expect(plane.sync.ready).to.equal(false);
    const started = performance.now();
    expect(String(await failure(plane.dump()))).to.include('ECONNREFUSED');
    expect(performance.now() - started).to.be.below(3000);
    await etcd.restart();
    await plane.until(() => plane.domain('a.test') === 'old');
    expect(plane.lines.filter(({ level }) => level === 40)).to.have.length(1);
  });

  it('gives a dump up in bounded time when etcd is silent, and completes it later', async () => {
    const plane = await start();
    await plane.until(() => plane.batches.length === 1);
    await plane.mutate([{ kind: 'put-domain', name: 'a.test', document: graphTo('mine') }]);
    etcd.pause();
    const started = performance.now();
    expect(await failure(plane.dump())).to.be.instanceOf(StoreError);
    expect(performance.now() - started).to.be.below(3500);
    etcd.resume();
    await plane.dump();
    expect(plane.sync.status.overlays).to.equal(0);
    expect(await etcd.ctl('get', '--print-value-only', `${prefix}rules/a.test`)).to.equal(`${graphText('mine')}\n`);
  });

  it('loads 2,500 keys, dumps 600 changes, and no reader misses anything in between', async () => {
    const writer = open();
    for (let i = 0; i < 25; i++) {
      const keys = Array.from({ length: 100 }, (_, j) => `rules/d${i * 100 + j}.test`);
      await writer.write(keys.map((key) => ({ key, value: graphText('up'), expected: 0 })));
    }
    await put('upstreams/up/10.0.0.1:80', '');
    const plane = await start();
    await plane.until(() => plane.domain('d2499.test') === 'up');
    expect(plane.batches).to.have.length(1);
    const servers = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`10.1.${i >> 8}.${i & 255}:80`, 'backup']),
    );
    await plane.mutate([
      { kind: 'put-upstream', name: 'up', servers },
      ...Array.from({ length: 299 }, (_, i) => ({
        kind: 'put-domain' as const,
        name: `d${i}.test`,
        document: graphTo('new'),
      })),
    ]);
    const recorder = { states: 0, gaps: 0, isDone: false };
    const reading = (async () => {
      while (!recorder.isDone) {
        const { entries } = await writer.read();
        const keys = entries.map(({ key }) => key);
        const hasNew = keys.filter((key) => key.startsWith('upstreams/up/10.1.')).length === 300;
        const isGap = keys.filter((key) => key.startsWith('rules/')).length !== 2500;
        if (isGap || (!hasNew && !keys.includes('upstreams/up/10.0.0.1:80'))) recorder.gaps++;
        recorder.states++;
      }
    })();
    await plane.dump();
    recorder.isDone = true;
    await reading;
    expect(recorder.gaps).to.equal(0);
    expect(recorder.states).to.be.above(0);
    const { entries } = await writer.read();
    expect(entries).to.have.length(2800);
    const again = await start();
    await again.until(() => again.batches.length === 1);
    expect(sorted(again.sync.table())).to.deep.equal(sorted(plane.sync.table()));
    await writer.close();
  });
});

function sorted(changes: readonly unknown[]): readonly string[] {
  return changes.map((change) => JSON.stringify(change)).toSorted();
}
