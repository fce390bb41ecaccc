import { expect } from 'chai';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreError } from '../../lib/store/store.ts';
import { ControlPlane, graphOf, graphText, graphTo } from '../fixtures/control-plane.ts';
import { failure } from '../fixtures/failure.ts';
import { KeptImages } from '../fixtures/kept-images.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

describe('sync, started again', () => {
  let store: MemoryStore;
  let images: KeptImages;
  let scheduler: ManualScheduler;
  let planes: ControlPlane[];
  beforeEach(() => {
    store = new MemoryStore({ 'rules/a.test': graphText('up'), 'upstreams/up/10.0.0.1:80': 'weight=2' });
    images = new KeptImages();
    scheduler = new ManualScheduler();
    planes = [];
  });
  afterEach(() => Promise.all(planes.map((plane) => plane.sync.stop())));

  async function start(): Promise<ControlPlane> {
    const plane = new ControlPlane(store, async () => [], scheduler, images);
    planes.push(plane);
    await plane.sync.start();
    await settled();
    return plane;
  }

  /** A life that ends without a word. */
  async function live(during: (plane: ControlPlane) => Promise<void>): Promise<void> {
    const plane = await start();
    await during(plane);
    await scheduler.pass(1000);
  }

  it('serves what was known, without its store, and is ready', async () => {
    await live(async () => undefined);
    store.reachable = false;
    const plane = await start();
    expect([plane.domain('a.test'), plane.upstream('up')]).to.deep.equal(['up', ['10.0.0.1:80*2']]);
    expect([plane.whole, plane.sync.ready]).to.deep.equal([true, true]);
    expect(plane.sync.status).to.deep.include({ source: 'snapshot', connected: false });
    expect(plane.batches).to.have.length(1);
  });

  it('goes on from there when the store comes, with what differs only', async () => {
    await live(async () => undefined);
    store.reachable = false;
    const plane = await start();
    store.commit([{ key: 'rules/b.test', value: graphText('up') }]);
    store.reachable = true;
    await scheduler.pass(1000);
    expect(plane.batches.slice(1).map((batch) => batch.map(({ name }) => name))).to.deep.equal([['b.test']]);
    expect(plane.sync.status.source).to.equal('store');
  });

  it('still has the last good version of what is bad, and since when', async () => {
    let since: number | undefined;
    await live(async (plane) => {
      await scheduler.pass(5000);
      store.commit([
        { key: 'rules/a.test', value: 'bad' },
        { key: 'rules/new.test', value: 'bad' },
        { key: 'upstreams/up/10.0.0.1:80', value: 'bad' },
      ]);
      await settled();
      since = plane.sync.status.rejected.get('rules/a.test')?.since;
    });
    for (const isReachable of [false, true]) {
      store.reachable = isReachable;
      const plane = await start();
      expect([plane.domain('a.test'), plane.upstream('up')]).to.deep.equal(['up', ['10.0.0.1:80*2']]);
      expect(plane.domain('new.test')).to.be.a('number');
      const { rejected } = plane.sync.status;
      expect(Array.from(rejected, ([key, why]) => [key, why.since, why.hasLastGood])).to.deep.equal([
        ['rules/a.test', since, true],
        ['upstreams/up/10.0.0.1:80', since, true],
        ['rules/new.test', since, false],
      ]);
    }
    expect(since).to.be.above(0);
  });

  it('still serves the former version of a graph that waits for an upstream', async () => {
    const waiting = JSON.stringify(graphOf('new'));
    store.commit([{ key: 'rules/a.test', value: JSON.stringify(graphOf('up')) }]);
    let since: number | undefined;
    await live(async (plane) => {
      await scheduler.pass(5000);
      store.commit([{ key: 'rules/a.test', value: waiting }]);
      await settled();
      since = plane.sync.status.held.get('rules/a.test')?.since;
    });
    for (const isReachable of [false, true]) {
      store.reachable = isReachable;
      const plane = await start();
      expect(plane.domain('a.test')).to.equal('up');
      expect(plane.sync.status.held.get('rules/a.test')).to.deep.equal({ upstreams: ['new'], since });
      if (!isReachable) continue;
      store.commit([{ key: 'upstreams/new/10.0.0.2:80', value: '' }]);
      await settled();
      expect(plane.domain('a.test')).to.equal('new');
    }
  });

  it('has forgotten what was changed here and not dumped', async () => {
    await live(async (plane) => {
      await plane.mutate([{ kind: 'put-domain', name: 'a.test', document: graphTo('mine') }]);
      await plane.mutate([{ kind: 'put-domain', name: 'b.test', document: graphTo('mine') }]);
    });
    store.reachable = false;
    const plane = await start();
    expect([plane.domain('a.test'), plane.domain('b.test')]).to.deep.equal(['up', null]);
  });

  it('has checked what a change made here had set aside', async () => {
    await live(async (plane) => {
      await plane.mutate([{ kind: 'put-domain', name: 'new.test', document: graphTo('mine') }]);
      store.commit([{ key: 'rules/new.test', value: 'bad' }]);
      await settled();
      await plane.mutate([{ kind: 'put-domain', name: 'new.test', document: graphTo('again') }]);
      await plane.mutate([{ kind: 'put-domain', name: 'only.test', document: graphTo('mine') }]);
      await plane.mutate([{ kind: 'put-domain', name: 'only.test', document: graphOf('missing') }]);
      expect(plane.domain('only.test')).to.equal('mine');
    });
    store.reachable = false;
    const plane = await start();
    expect(plane.domain('new.test')).to.be.a('number');
    expect(plane.domain('only.test')).to.equal(null);
    expect([...plane.sync.status.rejected.keys()]).to.deep.equal(['rules/new.test']);
  });

  it('takes changes before the store comes, which win until their key is written', async () => {
    await live(async () => undefined);
    store.reachable = false;
    const plane = await start();
    await plane.mutate([{ kind: 'put-domain', name: 'a.test', document: graphTo('mine') }]);
    expect(await failure(plane.dump())).to.be.instanceOf(StoreError);
    store.reachable = true;
    await scheduler.pass(10_000);
    expect(plane.domain('a.test')).to.equal('mine');
    store.commit([{ key: 'rules/a.test', value: graphText('theirs') }]);
    await settled();
    expect(plane.domain('a.test')).to.equal('theirs');
  });

  it('doubts a store that has lost most of what was known', async () => {
    await live(async () => undefined);
    store = new MemoryStore();
    const plane = await start();
    expect(plane.domain('a.test')).to.equal('up');
    expect(plane.said('the store has lost most keys: reading again to be sure')).to.have.length(1);
    await scheduler.pass(1000);
    expect(plane.domain('a.test')).to.equal(null);
  });

  it('starts without a snapshot that is damaged, says so once, and writes another', async () => {
    images.fails = true;
    const plane = await start();
    expect(plane.said('the snapshot cannot be used: starting without it')).to.have.length(1);
    expect(plane.domain('a.test')).to.equal('up');
    await scheduler.pass(100_000);
    expect(plane.said('the snapshot cannot be written: the last one stays')).to.have.length(1);
    expect(images.writes).to.be.above(1);
    images.fails = false;
    await scheduler.pass(100_000);
    expect(plane.said('the snapshot can be written again')).to.have.length(1);
    expect(images.image?.entries).to.have.length(2);
  });

  it('keeps many changes with few writes, and the last of them when it ends', async () => {
    const plane = await start();
    const change100 = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        store.commit([{ key: 'rules/a.test', value: graphText(`up${i}`) }]);
        await settled();
      }
    };
    await change100();
    expect(images.writes).to.equal(0);
    await scheduler.pass(1000);
    expect([images.writes, images.additions]).to.deep.equal([1, 0]);
    await change100();
    await scheduler.pass(1000);
    expect([images.writes, images.additions]).to.deep.equal([1, 1]);
    store.commit([{ key: 'rules/a.test', value: graphText('last') }]);
    await settled();
    await plane.sync.stop();
    expect(images.image?.entries.find(({ key }) => key === 'rules/a.test')?.value).to.equal(graphText('last'));
  });
});
