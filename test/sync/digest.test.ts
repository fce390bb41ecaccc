import { expect } from 'chai';
import * as fc from 'fast-check';
import { DigestHistory } from '../../lib/sync/digest-history.ts';
import { Digest } from '../../lib/sync/digest.ts';

const entry = fc.tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'binary' }));

describe('Digest', () => {
  it('is the same in every order, and after every detour', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (entries, others) => {
        const digest = new Digest();
        for (const [key, value] of [...entries, ...others].toReversed()) digest.add(key, value);
        for (const [key, value] of others) digest.remove(key, value);
        expect(digest.value).to.equal(digestOf(entries));
      }),
    );
  });

  it('is another for every other set of entries', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { minLength: 1, selector: ([key]) => key }), fc.nat(), (entries, at) => {
        const index = at % entries.length;
        const [key, value] = entries[index] ?? ['', ''];
        const changed: [string, string][] = [
          [key, `${value}x`],
          [`${key}x`, value],
          [key + value.slice(0, 1), `${value.slice(1)}y`],
        ];
        const digests = changed.map((one) => digestOf(entries.with(index, one)));
        expect(new Set([digestOf(entries), digestOf(entries.toSpliced(index, 1)), ...digests]).size).to.equal(5);
      }),
    );
  });

  it('tells values apart that have changed places', () => {
    const [a, b] = ['{"init": "a"}', '{"init": "b"}'];
    const one = digestOf([
      ['rules/a.test', a],
      ['rules/b.test', b],
    ]);
    const other = digestOf([
      ['rules/a.test', b],
      ['rules/b.test', a],
    ]);
    expect(one).to.not.equal(other);
  });
});

describe('DigestHistory', () => {
  it('knows the digest at every revision since the first that it still has', () => {
    const history = new DigestHistory();
    history.note(3, 'a');
    history.note(5, 'a');
    history.note(7, null);
    history.note(8, 'b');
    history.note(8, 'c');
    const found = [2, 3, 4, 6, 7, 8, 100].map((revision) => history.at(revision));
    expect(found).to.deep.equal([null, 'a', 'a', 'a', null, 'c', 'c']);
    for (let i = 9; i < 20_000; i++) history.note(i, `d${i}`);
    expect(history.at(8)).to.equal(null);
    expect(history.at(19_000)).to.equal('d19000');
    history.clear();
    expect(history.at(19_999)).to.equal(null);
  });
});

function digestOf(entries: readonly (readonly [key: string, value: string])[]): string {
  const digest = new Digest();
  for (const [key, value] of entries) digest.add(key, value);
  return digest.value;
}
