import { expect } from 'chai';
import { readIfMatch } from '../../api/if-match.ts';

describe('If-Match', () => {
  const table: readonly (readonly [field: string | undefined, tags: readonly string[] | null | undefined])[] = [
    [undefined, null],
    ['*', null],
    [' * ', null],
    ['"a"', ['a']],
    ['"a", "b"', ['a', 'b']],
    ['"42"', ['42']],
    ['""', ['']],
    ['W/"a"', []],
    ['W/"a", "b"', ['b']],
    ['42', undefined],
    ['', undefined],
    ['"a" "b"', undefined],
    ['"a', undefined],
    ['w/"a"', undefined],
    ['"a",', undefined],
  ];
  for (const [field, tags] of table) {
    it(`${String(field)}: ${JSON.stringify(tags) ?? 'malformed'}`, () => {
      expect(readIfMatch(field)).to.deep.equal(tags);
    });
  }
});
