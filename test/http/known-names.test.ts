import { expect } from 'chai';
import fc from 'fast-check';
import { Known } from '../../lib/http/head.ts';
import { knownName } from '../../lib/http/known-names.ts';

const NAMES = new Map<string, number>(
  Object.entries(Known).map(([key, kind]) => [key.toLowerCase().replaceAll('_', '-'), kind]),
);

describe('knownName', () => {
  for (const [name, kind] of NAMES)
    it(`knows ${name} in any case and nothing that is nearly it`, () => {
      for (const text of [name, name.toUpperCase(), name[0]?.toUpperCase() + name.slice(1)])
        expect(find(text)).to.equal(kind);
      for (const text of [`${name}s`, name.slice(0, -1), `x${name}`, name.slice(1), name.replace('-', '_')])
        expect(find(text), text).to.equal(NAMES.get(text) ?? 0);
      // A capital differs from its letter by one bit; so do other bytes from one another.
      for (let i = 0; i < name.length; i++) {
        const flipped = name.slice(0, i) + String.fromCharCode(name.charCodeAt(i) ^ 0x20) + name.slice(i + 1);
        expect(find(flipped), flipped).to.equal(flipped.toLowerCase() === name ? kind : 0);
      }
    });

  it('takes no other name for one', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' }), (text) => {
        expect(find(text)).to.equal(NAMES.get(text.toLowerCase()) ?? 0);
      }),
    );
  });
});

function find(name: string): number {
  const bytes = Buffer.from(`<${name}>`, 'latin1');
  return knownName(bytes, 1, bytes.length - 1);
}
