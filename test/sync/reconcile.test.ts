import { expect } from 'chai';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Snapshot, Store, Watch, WatchListener, Write } from '../../lib/store/store.ts';
import { ControlPlane, graphText, graphTo } from '../fixtures/control-plane.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

const EVERY_MS = 60_000;

/** A store that can be silently exchanged for another, and that can forget to tell a change. */
class FaultyStore implements Store {
  readonly label = 'faulty';
  readonly maxWrites = 128;
  readonly maxWriteBytes = 1_048_576;
  store: MemoryStore;
  isDeaf = false;
  reads = 0;

  constructor(store: MemoryStore) {
    this.store = store;
  }

  async read(): Promise<Snapshot> {
    this.reads++;
    return this.store.read();
  }

  watch(revision: number, listener: WatchListener): Watch {
    return this.store.watch(revision, {
      ...listener,
      changes: (at, changes) => {
        if (this.isDeaf) listener.progress(at);
        else listener.changes(at, changes);
      },
      progress: (at) => listener.progress(at),
      ended: (reason) => listener.ended(reason),
    });
  }

  write(writes: readonly Write[]): Promise<number | null> {
    return this.store.write(writes);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

describe('sync: what is known is compared with the store', () => {
  let store: FaultyStore;
  let scheduler: ManualScheduler;
  let plane: ControlPlane;
  beforeEach(async () => {
    store = new FaultyStore(new MemoryStore({ 'rules/a.test': graphText('one'), 'rules/b.test': graphText('one') }));
    scheduler = new ManualScheduler();
    plane = new ControlPlane(store, async () => [], scheduler, null, null, EVERY_MS);
    await plane.sync.start();
    await settled();
  });
  afterEach(() => plane.sync.stop());

  const alarms = () => plane.said('what is known is not what the store holds: reading again').length;

  it('agrees, while changes come and dumps go, and reads now and then', async () => {
    for (let i = 0; i < 20; i++) {
      store.store.commit([{ key: 'rules/a.test', value: graphText(`v${i}`) }]);
      await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo(`m${i}`) }]);
      if (i % 3 === 0) await plane.dump();
      await scheduler.pass(EVERY_MS / 2);
    }
    expect(alarms()).to.equal(0);
    expect(store.reads).to.be.within(6, 25);
    expect(plane.sync.status.mismatches).to.equal(0);
    expect(plane.sync.status.agreedAt).to.be.above(0);
  });

  it('finds a change that was never told, says so, and heals', async () => {
    store.isDeaf = true;
    store.store.commit([{ key: 'rules/a.test', value: graphText('two') }]);
    await settled();
    store.isDeaf = false;
    store.store.commit([{ key: 'rules/b.test', value: graphText('two') }]);
    await settled();
    expect([plane.domain('a.test'), plane.domain('b.test')]).to.deep.equal(['one', 'two']);
    await scheduler.pass(2 * EVERY_MS);
    expect(plane.domain('a.test')).to.equal('two');
    expect([alarms(), plane.sync.status.mismatches]).to.deep.equal([1, 1]);
    await scheduler.pass(2 * EVERY_MS);
    expect(alarms()).to.equal(1);
  });

  it('finds another history under the same identity that has overtaken it, and keeps what was changed here', async () => {
    await plane.mutate([{ kind: 'put-domain', name: 'mine.test', document: graphTo('mine') }]);
    const other = new MemoryStore({ 'rules/a.test': graphText('other'), 'rules/b.test': graphText('one') });
    for (let i = 0; i < 5; i++) other.commit([{ key: 'else', value: String(i) }]);
    const before = store.store;
    store.store = other;
    before.reachable = false;
    await scheduler.pass(2 * EVERY_MS);
    expect(plane.domain('a.test')).to.equal('other');
    expect(plane.domain('mine.test')).to.equal('mine');
    expect(alarms()).to.equal(1);
  });

  it('is silent while the store is away, and goes on then', async () => {
    store.store.reachable = false;
    await scheduler.pass(5 * EVERY_MS);
    store.store.reachable = true;
    await scheduler.pass(2 * EVERY_MS);
    expect(alarms()).to.equal(0);
    expect(plane.sync.status.agreedAt).to.be.above(5 * EVERY_MS);
  });

  it('tells with numbers when most keys go at once', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `rules/d${i}.test`);
    store.store.commit(keys.map((key) => ({ key, value: graphText('one') })));
    await settled();
    store.store.commit(keys.map((key) => ({ key, value: null })));
    await settled();
    const [line, ...more] = plane.said('most keys of the store are gone, and out of force');
    expect(line).to.include({ before: 22, left: 2 });
    expect(more).to.have.length(0);
    expect(plane.domain('d1.test')).to.equal(null);
  });
});
