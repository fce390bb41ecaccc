import { expect } from 'chai';
import { View } from '../../lib/sync/view.ts';
import { keptOverlay } from '../../lib/sync/overlays.ts';
import type { Snapshot } from '../../lib/store/store.ts';

/** A store at a revision: keys with their values and when they were written. */
function at(
  revision: number,
  entries: Readonly<Record<string, readonly [value: string, revision: number]>> = {},
): Snapshot {
  const list = Object.entries(entries).map(([key, [value, written]]) => ({ key, value, revision: written }));
  return { revision, cluster: 'c1', entries: list };
}

describe('what operators have changed, from one process to the next', () => {
  const key = 'rules/a.test';
  const kept = { value: 'mine', since: 10, cluster: 'c1', stored: true };

  const table: readonly (readonly [name: string, kept: object, store: Snapshot, value: string | null])[] = [
    ['wins over what it was made over', {}, at(10, { [key]: ['old', 5] }), 'mine'],
    ['wins over what was written before it', {}, at(12, { [key]: ['old', 10] }), 'mine'],
    ['yields to what was written after it, while nobody was there', {}, at(12, { [key]: ['new', 11] }), 'new'],
    ['yields to a removal, while nobody was there', {}, at(12), null],
    ['is not removed by an older view of the store', { stored: true }, at(8), 'mine'],
    ['stays where the store never held the key', { stored: false }, at(12), 'mine'],
    ['removes what it removed', { value: null }, at(12, { [key]: ['old', 5] }), null],
    ['wins over another store', { cluster: 'c2' }, at(3, { [key]: ['old', 2] }), 'mine'],
    ['wins where nothing was known of the store', { cluster: '', since: -1 }, at(3, { [key]: ['old', 2] }), 'mine'],
  ];
  for (const [name, more, store, value] of table) {
    it(`${name}: before the store is read`, () => {
      const view = new View();
      view.inherit(key, { ...kept, ...more });
      view.load(store, false);
      expect(view.get(key)).to.equal(value);
    });
  }

  const later = table.filter(([name]) => !name.includes('removal'));
  for (const [name, more, store, value] of later) {
    it(`${name}: after the store is read`, () => {
      const view = new View();
      view.load(store, false);
      view.inherit(key, { ...kept, ...more });
      expect(view.get(key)).to.equal(value);
    });
  }

  it('comes through any number of processes', () => {
    let view = new View();
    view.load(at(10, { [key]: ['old', 5] }), false);
    view.put(key, 'mine');
    for (let process = 0; process < 3; process++) {
      const left = view.takeKept();
      expect(left.map(([name, one]) => [name, one?.since])).to.deep.equal([[key, 10]]);
      view = new View();
      for (const [name, one] of left) view.inherit(name, one!);
      view.load(at(12, { [key]: ['old', 5] }), false);
      expect(view.get(key)).to.equal('mine');
    }
    view.advance(13, [{ key, value: 'theirs', revision: 13 }]);
    expect(view.get(key)).to.equal('theirs');
  });

  it('tells what to keep: what is made, gone, and moved on by a dump', () => {
    const view = new View();
    view.load(at(10, { [key]: ['old', 5] }), false);
    view.put(key, 'mine');
    expect(view.takeKept()).to.deep.equal([[key, { value: 'mine', since: 10, cluster: 'c1', stored: true }]]);
    expect(view.takeKept()).to.deep.equal([]);
    view.advance(11, [{ key, value: 'theirs', revision: 11 }]);
    expect(view.takeKept()).to.deep.equal([[key, null]]);
    view.put(key, 'mine again');
    const write = view.writeOf(key, 'mine again')!;
    view.writing([write]);
    view.written([write], 12);
    view.written([], null);
    view.advance(12, [{ key, value: 'mine again', revision: 12 }]);
    // Dumped: from now on any write of the store is newer.
    expect(view.takeKept().map(([name, one]) => [name, one?.since])).to.deep.equal([[key, 12]]);
  });

  it('what cannot be used is not used', () => {
    for (const raw of [null, 1, 'x', {}, { ...kept, value: 1 }, { ...kept, since: '1' }, { ...kept, stored: null }])
      expect(keptOverlay(raw)).to.equal(null);
    expect(keptOverlay(JSON.parse(JSON.stringify(kept)))).to.deep.equal(kept);
  });
});
