import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStore } from '../../lib/store/memory.ts';
import type { Entry } from '../../lib/store/store.ts';
import { StoredDigests } from '../../lib/sync/stored-digests.ts';
import { ControlPlane, graphText } from '../fixtures/control-plane.ts';
import { ManualScheduler, settled } from '../fixtures/manual-scheduler.ts';

const KEYS = Array.from({ length: 12 }, (_, i) => `${i % 2 === 0 ? 'rules' : 'options'}/k${i}`);
const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  fc.record({ kind: fc.constant('hash' as const), most: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('change' as const), key, value: fc.option(fc.string({ maxLength: 4 })) }),
);

describe('digests of the store', () => {
  it('are those of what it holds, whatever changes while the first load is hashed', () => {
    fc.assert(
      fc.property(fc.dictionary(key, fc.string({ maxLength: 4 })), fc.array(step), (first, steps) => {
        const held = new Map<string, Entry>();
        for (const [name, value] of Object.entries(first)) held.set(name, { key: name, value, revision: 1 });
        const digests = new StoredDigests();
        digests.begin([...held.values()], { revision: 1, isKnown: true });
        let revision = 1;
        for (const one of steps) {
          if (one.kind === 'hash') {
            digests.hashSome(one.most);
            continue;
          }
          revision++;
          const after = one.value === null ? null : { key: one.key, value: one.value, revision };
          digests.change(one.key, held.get(one.key), after);
          if (after === null) held.delete(one.key);
          else held.set(one.key, after);
          digests.note(revision, true);
        }
        const whole = new StoredDigests();
        whole.begin([...held.values()], { revision, isKnown: true });
        expect(digests.prints.text(null)).to.equal(whole.prints.text(null));
        expect(digests.prints.text('rules')).to.equal(whole.prints.text('rules'));
        expect(digests.agree(revision, [...held.values()])).to.equal(true);
        const other = { key: 'rules/other', value: '', revision };
        expect(digests.agree(revision, [...held.values(), other])).to.equal(false);
      }),
    );
  });

  it('are not known of a revision at which the first load was not hashed, but for the last', () => {
    const entry = { key: 'rules/a.test', value: 'x', revision: 1 };
    const digests = new StoredDigests();
    digests.begin([entry], { revision: 1, isKnown: true });
    const changed = { ...entry, value: 'y', revision: 2 };
    digests.change(entry.key, entry, changed);
    digests.note(2, true);
    expect(digests.agree(1, [entry])).to.equal(null);
    expect(digests.agree(2, [changed])).to.equal(true);
  });

  it('keep no change waiting while a first load is hashed', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `d${i}.test`);
    const store = new MemoryStore(Object.fromEntries(names.map((name) => [`rules/${name}`, graphText('up')])));
    const scheduler = new ManualScheduler();
    const plane = new ControlPlane(store, async () => [], scheduler);
    const started = plane.sync.start();
    await scheduler.pass(0);
    await started;
    expect(plane.sync.ready).to.equal(true);
    store.commit([{ key: 'rules/d999.test', value: graphText('other') }]);
    await scheduler.pass(1);
    expect(plane.domain('d999.test')).to.equal('other');
    expect(plane.sync.isHashed).to.equal(false);
    await scheduler.pass(100);
    expect(plane.sync.isHashed).to.equal(true);
    const again = new ControlPlane(store);
    await again.sync.start();
    await again.until(() => again.batches.length === 1);
    await settled();
    expect(plane.sync.serving?.hash).to.equal(again.sync.serving?.hash);
    await again.sync.stop();
    await plane.sync.stop();
  });
});
