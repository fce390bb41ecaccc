import { expect } from 'chai';
import * as chars from '../../lib/http/chars.ts';

/** The grammar once more, as expressions over one Latin-1 character. */
const TABLES: [name: string, table: Uint8Array, grammar: RegExp][] = [
  ['TOKEN', chars.TOKEN, /[!#$%&'*+\-.^_`|~\dA-Za-z]/],
  ['METHOD', chars.METHOD, /[!#$%&'*+\-.^_`|~\dA-Z]/],
  ['VALUE', chars.VALUE, /[\t -~\x80-\xff]/],
  ['TARGET', chars.TARGET, /[!$-;=?-~]/],
  ['PATH', chars.PATH, /[!$-;=@-[\]-~]/],
  ['UNRESERVED', chars.UNRESERVED, /[\w.~-]/],
  ['HOST', chars.HOST, /[\w.-]/],
  ['QUOTED', chars.QUOTED, /[\t !#-[\]-~\x80-\xff]/],
];

describe('chars', () => {
  for (const [name, table, grammar] of TABLES)
    it(`${name} is its grammar`, () => {
      const wrong = Array.from({ length: 256 }, (_, byte) => byte).filter(
        (byte) => (table[byte] === 1) !== grammar.test(String.fromCharCode(byte)),
      );
      expect(table.length).to.equal(256);
      expect(wrong).to.deep.equal([]);
    });

  it('hexOf is the value of a digit', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      expect(chars.hexOf(byte), char).to.equal(/[\da-f]/i.test(char) ? parseInt(char, 16) : 255);
    }
  });
});
