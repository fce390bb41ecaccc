import { expect } from 'chai';
import * as fc from 'fast-check';
import type { TableChange } from '../../lib/change.ts';
import { decodeDraftPiece, encodeDraftPiece } from '../../lib/cluster/draft-piece.ts';

describe('pieces of a draft', () => {
  // Whatever it is, whether or not a store could hold it.
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '\0', 'a\0b', '\ud800', 'ä', '日本'),
  );
  const change: fc.Arbitrary<TableChange> = fc.oneof(
    fc.record({ kind: fc.constant('domain' as const), name: text, document: fc.option(text) }),
    fc.record({ kind: fc.constant('graph' as const), name: text, document: text }),
    fc.record({ kind: fc.constant('bad-domain' as const), name: text, fault: fc.integer() }),
    fc.record({ kind: fc.constant('upstream' as const), name: text, servers: fc.constantFrom([], null) }),
  );
  const named = (changes: readonly TableChange[]): readonly string[] =>
    changes.map((one) => JSON.stringify(one)).toSorted();

  it('tell the changes that were put into them, also from the midst of other bytes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.nat(9), (changes, before) => {
        const piece = encodeDraftPiece(changes);
        const around = Buffer.concat([Buffer.alloc(before, 7), piece, Buffer.alloc(3, 7)]);
        const found = decodeDraftPiece(around.subarray(before, before + piece.length));
        expect(named(found)).to.deep.equal(named(changes));
      }),
      { numRuns: 500 },
    );
  });
});
