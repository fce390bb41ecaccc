import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { readWireCases } from './wire-cases.ts';

const cases = readWireCases(fileURLToPath(new URL('../wire', import.meta.url)));

/** Bytes that mean something to a codec, more often than others. */
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Buffer.from('\r\n\r\n \t:;,=/?#%"\\0159aAfFxX\0\x7f\x80\xff')) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
);

/** One change of a message: so many bytes at a place are replaced. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 3 }),
  put: fc.array(byte, { maxLength: 3 }),
});

/** Two messages of `test/wire` behind one another, with up to three changes. */
export const mutant = fc
  .tuple(fc.constantFrom(...cases), fc.constantFrom(...cases), fc.array(change, { maxLength: 3 }))
  .map(([one, other, changes]) => {
    let bytes = Buffer.concat([one.bytes, other.bytes]);
    for (const { at, cut, put } of changes) {
      const place = Math.floor(at * bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(put), bytes.subarray(place + cut)]);
    }
    return bytes;
  });
