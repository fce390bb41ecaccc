import { expect } from 'chai';
import { StoreError } from '../../lib/store/store.ts';
import type { Snapshot, Store, Write } from '../../lib/store/store.ts';
import { failure } from '../fixtures/failure.ts';
import { StoreRecorder } from '../fixtures/store-recorder.ts';

/** A store under test, and what only its own kind can do. */
export interface StoreUnderTest {
  /** A new store that holds nothing. */
  open(): Promise<Store>;
  /** Writes as somebody else does, not through the port. */
  putByOther(key: string, value: string): Promise<void>;
  removeByOther(key: string): Promise<void>;
  /** Makes the store unreachable. */
  breakDown(): Promise<void>;
  mend(): Promise<void>;
}

const GRAPH = '{"init":"r","rules":{}}';
const OTHER_GRAPH = '{"init":"q","rules":{}}';

/** What every store does, run by each of them. */
export function describeStore(name: string, subject: StoreUnderTest): void {
  describe(`store: ${name}`, () => {
    let store: Store;
    let recorder: StoreRecorder;
    beforeEach(async () => {
      store = await subject.open();
      recorder = new StoreRecorder();
    });
    afterEach(() => store.close());

    it('reads nothing where there is nothing', async () => {
      const snapshot = await store.read();
      expect(snapshot.entries).to.deep.equal([]);
      expect(snapshot.cluster).to.not.equal('');
    });

    it('reads what was written, each key with the revision of its write', async () => {
      const first = await put(store, [['rules/a.test', GRAPH]]);
      const second = await put(store, [
        ['upstreams/up/10.0.0.1:80', 'weight=2'],
        ['upstreams/up/10.0.0.2:80', ''],
      ]);
      const snapshot = await store.read();
      expect(second).to.be.greaterThan(first);
      expect(snapshot.revision).to.be.at.least(second);
      expect(sorted(snapshot)).to.deep.equal([
        { key: 'rules/a.test', value: GRAPH, revision: first },
        { key: 'upstreams/up/10.0.0.1:80', value: 'weight=2', revision: second },
        { key: 'upstreams/up/10.0.0.2:80', value: '', revision: second },
      ]);
    });

    it('keeps text of every script', async () => {
      await put(store, [['rules/a.test', '{"init":"größe ✓ 𝄞","rules":{}}']]);
      expect((await store.read()).entries[0]?.value).to.equal('{"init":"größe ✓ 𝄞","rules":{}}');
    });

    it('tells a watch what is written after its revision, one call per revision', async () => {
      const { revision } = await store.read();
      const watch = store.watch(revision, recorder);
      const at = await put(store, [
        ['upstreams/up/10.0.0.1:80', ''],
        ['upstreams/up/10.0.0.2:80', ''],
      ]);
      await recorder.until(({ lines }) => lines.length === 2);
      expect(changesOf(recorder)).to.deep.equal([
        {
          kind: 'changes',
          revision: at,
          changes: [
            { key: 'upstreams/up/10.0.0.1:80', value: '', revision: at },
            { key: 'upstreams/up/10.0.0.2:80', value: '', revision: at },
          ],
        },
      ]);
      watch.close();
    });

    it('tells a watch what others write and remove', async () => {
      const { revision } = await store.read();
      store.watch(revision, recorder);
      await subject.putByOther('rules/a.test', GRAPH);
      await recorder.until(({ lines }) => lines.length === 1);
      await subject.putByOther('rules/a.test', OTHER_GRAPH);
      await recorder.until(({ lines }) => lines.length === 2);
      await subject.removeByOther('rules/a.test');
      await recorder.until(({ lines }) => lines.length === 3);
      expect(recorder.lines).to.deep.equal([
        `rules/a.test=${GRAPH}`,
        `rules/a.test=${OTHER_GRAPH}`,
        'rules/a.test gone',
      ]);
      const revisions = changesOf(recorder).map((item) => item.revision);
      expect(revisions).to.deep.equal(revisions.toSorted((a, b) => a - b));
    });

    it('tells a watch from an older revision what happened since, in order', async () => {
      const { revision } = await store.read();
      await put(store, [['rules/a.test', GRAPH]]);
      await put(store, [['rules/b.test', GRAPH]]);
      const snapshot = await store.read();
      await store.write([{ key: 'rules/a.test', value: null, expected: revisionOf(snapshot, 'rules/a.test') }]);
      store.watch(revision, recorder);
      await recorder.until(({ lines }) => lines.length === 3);
      expect(recorder.lines).to.deep.equal([`rules/a.test=${GRAPH}`, `rules/b.test=${GRAPH}`, 'rules/a.test gone']);
    });

    it('gives a sign of life to a watch of which nothing is to be told', async () => {
      const { revision } = await store.read();
      store.watch(revision, recorder);
      await recorder.until(({ heard }) => heard.length > 0);
      expect(recorder.heard[0]).to.deep.equal({ kind: 'progress', revision });
    });

    it('says nothing to a closed watch', async () => {
      const { revision } = await store.read();
      const other = new StoreRecorder();
      store.watch(revision, recorder).close();
      store.watch(revision, other);
      await put(store, [['rules/a.test', GRAPH]]);
      await other.until(({ lines }) => lines.length === 1);
      expect(recorder.heard).to.deep.equal([]);
    });

    const conflicts: readonly { readonly name: string; readonly write: (at: number) => readonly Write[] }[] = [
      { name: 'a key that exists, as absent', write: () => [{ key: 'rules/a.test', value: OTHER_GRAPH, expected: 0 }] },
      {
        name: 'a key at another revision',
        write: (at) => [{ key: 'rules/a.test', value: OTHER_GRAPH, expected: at - 1 }],
      },
      { name: 'an absent key, as existing', write: (at) => [{ key: 'rules/b.test', value: GRAPH, expected: at }] },
      { name: 'the removal of an absent key', write: (at) => [{ key: 'rules/b.test', value: null, expected: at }] },
      {
        name: 'a good write with a bad one',
        write: (at) => [
          { key: 'rules/a.test', value: OTHER_GRAPH, expected: at },
          { key: 'rules/b.test', value: GRAPH, expected: at },
        ],
      },
    ];
    for (const conflict of conflicts) {
      it(`refuses ${conflict.name}, and writes nothing of it`, async () => {
        const at = await put(store, [['rules/a.test', GRAPH]]);
        const before = await store.read();
        expect(await store.write(conflict.write(at))).to.equal(null);
        expect(await store.read()).to.deep.equal(before);
      });
    }

    it('refuses a write that rests on what others have changed', async () => {
      const at = await put(store, [['rules/a.test', GRAPH]]);
      await subject.putByOther('rules/a.test', OTHER_GRAPH);
      expect(await store.write([{ key: 'rules/a.test', value: null, expected: at }])).to.equal(null);
      expect(sorted(await store.read()).map((entry) => entry.value)).to.deep.equal([OTHER_GRAPH]);
    });

    it('writes and removes in one revision', async () => {
      const at = await put(store, [['upstreams/up/10.0.0.1:80', '']]);
      const revision = await store.write([
        { key: 'upstreams/up/10.0.0.2:80', value: 'backup', expected: 0 },
        { key: 'upstreams/up/10.0.0.1:80', value: null, expected: at },
      ]);
      const snapshot = await store.read();
      expect(sorted(snapshot)).to.deep.equal([{ key: 'upstreams/up/10.0.0.2:80', value: 'backup', revision }]);
    });

    it('keeps an upstream that is said to have no server', async () => {
      await put(store, [['upstreams/up/', '']]);
      expect((await store.read()).entries.map(({ key, value }) => [key, value])).to.deep.equal([['upstreams/up/', '']]);
    });

    it('takes as many writes as it says', async () => {
      const count = Math.min(store.maxWrites, 500);
      const writes = Array.from({ length: count }, (_, i): readonly [string, string] => [`rules/d${i}.test`, GRAPH]);
      await put(store, writes);
      expect((await store.read()).entries).to.have.length(count);
    });

    it('answers its revision to no write at all', async () => {
      const at = await put(store, [['rules/a.test', GRAPH]]);
      expect(await store.write([])).to.be.at.least(at);
    });

    it('has watches that end, once, where it breaks down; it fails until it is mended, then goes on', async () => {
      await put(store, [['rules/a.test', GRAPH]]);
      const { revision } = await store.read();
      store.watch(revision, recorder);
      await recorder.until(({ heard }) => heard.length > 0);
      await subject.breakDown();
      expect(await failure(store.read())).to.be.instanceOf(StoreError);
      const writes = [{ key: 'rules/b.test', value: GRAPH, expected: 0 }];
      expect(await failure(store.write(writes))).to.be.instanceOf(StoreError);
      await recorder.until(({ heard }) => heard.some((item) => item.kind === 'ended' || item.kind === 'trouble'));
      await subject.mend();
      const again = new StoreRecorder();
      store.watch(revision, again);
      await put(store, [['rules/b.test', GRAPH]]);
      await again.until(({ lines }) => lines.length === 1);
      expect(again.lines).to.deep.equal([`rules/b.test=${GRAPH}`]);
      expect(recorder.heard.filter((item) => item.kind === 'ended')).to.have.length.at.most(1);
    });
  });
}

async function put(store: Store, pairs: readonly (readonly [string, string])[]): Promise<number> {
  const revision = await store.write(pairs.map(([key, value]) => ({ key, value, expected: 0 })));
  if (revision === null) throw new Error('the keys exist');
  return revision;
}

function changesOf(recorder: StoreRecorder) {
  return recorder.heard.filter((item) => item.kind === 'changes');
}

function sorted(snapshot: Snapshot) {
  return snapshot.entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function revisionOf(snapshot: Snapshot, key: string): number {
  return snapshot.entries.find((entry) => entry.key === key)?.revision ?? 0;
}
