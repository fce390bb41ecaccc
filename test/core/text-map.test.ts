import { expect } from 'chai';
import fc from 'fast-check';
import { hashText, mixBits } from '../../lib/core/hash.ts';
import { TextMap } from '../../lib/core/text-map.ts';

/** Texts of which several have one hash. */
const ALIKE = alike(400_000);

describe('text map', () => {
  it('has what a Map has, whatever was set and deleted, also where hashes are the same', () => {
    expect(ALIKE.length).to.be.at.least(4);
    const key = fc.oneof(
      fc.constantFrom(...ALIKE),
      fc.constantFrom('', 'a', '__proto__', 'a.test', 'b.test'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.option(fc.nat()), fc.boolean())), (steps) => {
        const map = new TextMap<number>();
        const model = new Map<string, number>();
        for (const [at, value, isAdded] of steps) {
          if (value === null) {
            map.delete(at);
            model.delete(at);
          } else if (isAdded) {
            expect(map.add(at, value)).to.equal(model.get(at));
            if (!model.has(at)) model.set(at, value);
          } else {
            map.set(at, value);
            model.set(at, value);
          }
        }
        expect(map.size).to.equal(model.size);
        expect([...map.values()]).to.have.members([...model.values()]);
        for (const at of [...ALIKE, ...steps.map(([text]) => text)]) expect(map.get(at), at).to.equal(model.get(at));
      }),
      { numRuns: 300 },
    );
  });

  it('has all of very many', () => {
    const map = new TextMap<number>();
    for (let i = 0; i < 50_000; i++) map.set(`shop${i}.test`, i);
    for (let i = 0; i < 50_000; i += 2) map.delete(`shop${i}.test`);
    for (let i = 0; i < 50_000; i++) expect(map.get(`shop${i}.test`)).to.equal(i % 2 === 0 ? undefined : i);
  });
});

/** Those of the first so many texts that share their hash with one before. */
function alike(count: number): readonly string[] {
  const byHash = new Map<number, string>();
  return Array.from({ length: count }, (_, i) => mixBits(i).toString(36)).flatMap((text) => {
    const other = byHash.get(hashText(text));
    byHash.set(hashText(text), text);
    return other === undefined ? [] : [other, text];
  });
}
