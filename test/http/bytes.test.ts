import { expect } from 'chai';
import fc from 'fast-check';
import { endOfLetters, endOfPlain } from '../../lib/http/bytes.ts';

/** What each of them looks for, said byte by byte. */
const SCANS = [
  { name: 'endOfPlain', scan: endOfPlain, passes: (byte: number) => byte >= 0x20 && byte <= 0x7e },
  { name: 'endOfLetters', scan: endOfLetters, passes: (byte: number) => /[A-Za-z-]/.test(String.fromCharCode(byte)) },
];

describe('bytes looked at four at a time', () => {
  for (const { name, scan, passes } of SCANS) {
    /** It stops at the first byte that does not pass, or before the last three at most. */
    const expectStop = (bytes: Buffer, from: number, end: number): void => {
      const stop = scan(bytes, from, end);
      let first = from;
      while (first < end && passes(bytes[first] ?? 0)) first++;
      if (stop !== first) expect(stop).to.be.within(Math.max(from, end - 3), first);
    };

    it(`${name}: stops at each byte that does not pass, wherever it stands and whatever is beside it`, () => {
      for (let byte = 0; byte < 256; byte++) {
        for (let place = 0; place < 4; place++) {
          for (const beside of [0x00, 0x1f, 0x2d, 0x41, 0x5b, 0x61, 0x7a, 0x7f, 0x80, 0xff]) {
            const bytes = Buffer.alloc(12, 0x61);
            bytes[4 + place] = byte;
            bytes[5 + place] = beside;
            expectStop(bytes, 0, 12);
          }
        }
      }
    });

    it(`${name}: of any bytes, in any part of them`, () => {
      const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
      const texts = fc.string({ maxLength: 40 }).map((text) => Buffer.from(text));
      fc.assert(
        fc.property(fc.oneof(bytes, texts), fc.nat(), fc.nat(), (buffer, a, b) => {
          const from = a % (buffer.length + 1);
          const end = from + (b % (buffer.length - from + 1));
          expectStop(buffer, from, end);
        }),
        { numRuns: 2000 },
      );
    });
  }
});
