import { expect } from 'chai';
import { assert, asyncProperty, integer } from 'fast-check';
import { systemScheduler } from '../../lib/core/scheduler.ts';
import type { Scheduler } from '../../lib/core/scheduler.ts';
import { EtcdStore } from '../../lib/store/etcd.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { StoreError } from '../../lib/store/store.ts';
import type { Condition, Snapshot, Write } from '../../lib/store/store.ts';
import { WholeWrites } from '../../lib/store/whole-writes.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { failure } from '../fixtures/failure.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';
import { StoreRecorder } from '../fixtures/store-recorder.ts';

/** A key that is in every state, changed by every transaction of these tests. */
const COUNT = 300;

function keyOf(i: number): string {
  return `rules/${String(i).padStart(4, '0')}.test`;
}

/** Writes that lead from what the store holds to `value` everywhere, and remove one key. */
function writesTo(value: string, { entries }: Snapshot): readonly Write[] {
  const revisions = new Map(entries.map(({ key, revision }) => [key, revision]));
  const writes = Array.from({ length: COUNT }, (_, i): Write => {
    const key = keyOf(i);
    return { key, value, expected: revisions.get(key) ?? 0 };
  });
  const gone = entries.find(({ key }) => key === 'upstreams/old/10.0.0.1:80');
  return gone === undefined ? writes : [...writes, { key: gone.key, value: null, expected: gone.revision }];
}

/** What a reader of the store sees: all of one value, or something torn. */
function valuesOf(snapshot: Snapshot): string {
  const values = new Set(snapshot.entries.filter(({ key }) => key.startsWith('rules/')).map(({ value }) => value));
  const old = snapshot.entries.some(({ key }) => key.startsWith('upstreams/old/'));
  return `${[...values].toSorted().join('+')}${old ? ' old' : ''}`;
}

describe('transactions of any size', () => {
  function begin() {
    const entries = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [keyOf(i), 'before']));
    return new MemoryStore({ ...entries, 'upstreams/old/10.0.0.1:80': '' });
  }

  function whole(store: MemoryStore, scheduler: Scheduler = systemScheduler) {
    return new WholeWrites(store, scheduler, Math.random);
  }

  it('are one revision for who watches, and nothing of their making is left', async () => {
    const store = begin();
    const writer = whole(store);
    const snapshot = await writer.read();
    const recorder = new StoreRecorder();
    whole(store).watch(snapshot.revision, recorder);
    const revision = await writer.write(writesTo('after', snapshot));
    await recorder.until(({ lines }) => lines.length > 0);
    const told = recorder.heard.filter(({ kind }) => kind === 'changes');
    expect(told.map((item) => item.kind === 'changes' && [item.revision, item.changes.length])).to.deep.equal([
      [revision, COUNT + 1],
    ]);
    const after = await writer.read();
    expect(valuesOf(after)).to.equal('after');
    // What was told of each key is what the next transaction has to rest on.
    const known = new Map(
      told.flatMap((item) => (item.kind === 'changes' ? item.changes : [])).map(({ key, revision: at }) => [key, at]),
    );
    for (const { key, revision: at } of after.entries) expect(known.get(key)).to.equal(at);
    expect(await store.own.list('~')).to.deep.equal([]);
  });

  it('are made of one where they fit, and of several where they do not', async () => {
    const store = begin();
    const writer = whole(store);
    const writes = writesTo('after', await writer.read());
    expect(writer.inPieces(writes.slice(0, 127))).to.equal(false);
    expect(writer.inPieces(writes.slice(0, 128))).to.equal(true);
    expect(writer.inPieces([{ key: 'rules/x', value: 'x'.repeat(900_000), expected: 0 }])).to.equal(false);
    const large = ['x', 'y'].map((name) => ({ key: `rules/${name}`, value: 'x'.repeat(900_000), expected: 0 }));
    expect(writer.inPieces(large)).to.equal(true);
    expect(await writer.write(large)).to.be.a('number');
    expect((await writer.read()).entries.filter(({ value }) => value.length === 900_000)).to.have.length(2);
  });

  it('write nothing where one key is not as expected', async () => {
    const store = begin();
    const writer = whole(store);
    const writes = writesTo('after', await writer.read());
    store.commit([{ key: keyOf(250), value: 'theirs' }]);
    expect(await writer.write(writes)).to.equal(null);
    expect(valuesOf(await writer.read())).to.equal('before+theirs old');
    expect(await store.own.list('~')).to.deep.equal([]);
  });

  it('one of two wins, and a small one waits for it', async () => {
    const store = begin();
    const writers = [whole(store), whole(store)];
    const snapshot = await store.read();
    const outcomes = await Promise.all(writers.map((writer, i) => writer.write(writesTo(`w${i}`, snapshot))));
    expect(outcomes.filter((outcome) => outcome !== null)).to.have.length(1);
    expect(valuesOf(await store.read())).to.equal(outcomes[0] === null ? 'w1' : 'w0');
    expect(await store.own.list('~')).to.deep.equal([]);
  });

  it('are there as a whole or not at all, wherever their writer dies', async () => {
    const outcomes = new Set<string>();
    await assert(
      asyncProperty(integer({ min: 0, max: 24 }), async (steps) => {
        const store = begin();
        const scheduler = new ManualScheduler();
        const snapshot = await store.read();
        const recorder = new StoreRecorder();
        whole(store, scheduler).watch(snapshot.revision, recorder);
        const mortal = new WholeWrites(new Mortal(store, steps), scheduler, Math.random);
        const died = await failure(mortal.write(writesTo('after', snapshot)));
        // A reader that comes now waits, and does what is left to do.
        const reading = whole(store, scheduler).read();
        await scheduler.pass(20_000);
        const seen = valuesOf(await reading);
        outcomes.add(seen);
        expect(seen).to.be.oneOf(['before old', 'after']);
        expect(valuesOf(await store.read())).to.equal(seen);
        if (died === null) expect(seen).to.equal('after');
        await settled();
        // Watchers have seen all of it at once, or nothing.
        const told = recorder.heard.filter(({ kind }) => kind === 'changes');
        expect(told.map((item) => item.kind === 'changes' && item.changes.length)).to.deep.equal(
          seen === 'after' ? [COUNT + 1] : [],
        );
      }),
      { numRuns: 200 },
    );
    expect([...outcomes].toSorted()).to.deep.equal(['after', 'before old']);
  });

  it('who watches finishes what nobody else does', async () => {
    const store = begin();
    const scheduler = new ManualScheduler();
    const snapshot = await store.read();
    const recorder = new StoreRecorder();
    whole(store, scheduler).watch(snapshot.revision, recorder);
    const steps = 4 + 2 + 4; // stage, put, check, then the first groups
    const mortal = new WholeWrites(new Mortal(store, steps), scheduler, Math.random);
    expect(await failure(mortal.write(writesTo('after', snapshot)))).to.be.instanceOf(StoreError);
    expect(valuesOf(await store.read())).to.match(/^after\+before/);
    await scheduler.pass(20_000);
    expect(valuesOf(await store.read())).to.equal('after');
    expect(recorder.lines).to.have.length(COUNT + 1);
  });

  it('leave alone what others change while they are made: as if that came right after', async () => {
    const store = begin();
    const snapshot = await store.read();
    const intruder = new Mortal(store, Infinity, (step) => {
      // Everything was checked, nothing written.
      if (step === 8)
        store.commit([
          { key: keyOf(0), value: 'theirs' },
          { key: keyOf(299), value: null },
        ]);
    });
    const writer = new WholeWrites(intruder, systemScheduler, Math.random);
    expect(await writer.write(writesTo('after', snapshot))).to.be.a('number');
    const { entries } = await writer.read();
    const held = new Map(entries.map(({ key, value }) => [key, value]));
    expect([held.get(keyOf(0)), held.get(keyOf(1)), held.has(keyOf(299))]).to.deep.equal(['theirs', 'after', false]);
  });
});

describe('transactions of any size in a real etcd', () => {
  let etcd: EtcdProcess;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());

  it('are seen as a whole by every reader and watcher while they are made', async () => {
    const access = { username: null, password: null, ca: null, cert: null, key: null };
    const open = () => {
      const store = new EtcdStore({ ...access, endpoints: [etcd.endpoint], prefix: '/ELB/' });
      return new WholeWrites(store, systemScheduler, Math.random);
    };
    const [writer, reader, watcher] = [open(), open(), open()];
    const recorder = new StoreRecorder();
    const { revision } = await watcher.read();
    watcher.watch(revision, recorder);
    const rounds = ['one', 'two', 'three'];
    const seen: string[] = [];
    let isWriting = true;
    const reading = (async () => {
      while (isWriting) seen.push(valuesOf(await reader.read()));
    })();
    for (const value of rounds) expect(await writer.write(writesTo(value, await writer.read()))).to.be.a('number');
    isWriting = false;
    await reading;
    await recorder.until(({ lines }) => lines.length === 3 * COUNT);
    expect(seen.filter((values) => !['', ...rounds].includes(values))).to.deep.equal([]);
    const told = recorder.heard.flatMap((item) => (item.kind === 'changes' ? [item.changes.length] : []));
    expect(told).to.deep.equal([COUNT, COUNT, COUNT]);
    expect(await etcd.ctl('get', '--prefix', '/ELB/~', '--keys-only')).to.equal('');
    await Promise.all([writer, reader, watcher].map((store) => store.close()));
  });
});

/** A store whose user dies before its n-th write; `before` is called with the number of each. */
class Mortal extends MemoryStore {
  readonly #store: MemoryStore;
  readonly #before: (step: number) => void;
  #left: number;
  #step = 0;

  constructor(store: MemoryStore, steps: number, before: (step: number) => void = () => undefined) {
    super();
    this.#store = store;
    this.#left = steps;
    this.#before = before;
  }

  override readonly own = { list: (prefix: string) => (this.#live(), this.#store.own.list(prefix)) };

  override read(): Promise<Snapshot> {
    this.#live();
    return this.#store.read();
  }

  override async write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<number | null> {
    if (this.#left-- <= 0) this.#left = 0;
    this.#live();
    this.#before(++this.#step);
    return this.#store.write(writes, conditions);
  }

  #live(): void {
    if (this.#left <= 0) throw new StoreError('the writer has died');
  }
}
