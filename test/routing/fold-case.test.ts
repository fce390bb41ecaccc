import { expect } from 'chai';
import * as fc from 'fast-check';
import { foldCase } from '../../lib/routing/fold-case.ts';

describe('foldCase', () => {
  const table: readonly (readonly [pattern: string, folded: string])[] = [
    ['', ''],
    ['httpie', 'httpie'],
    ['HTTPie', 'httpie'],
    ['\\S\\W\\D\\B\\s\\w\\d\\b', '\\S\\W\\D\\B\\s\\w\\d\\b'],
    ['\\x41\\x4a\\x7A', 'aj\\x7A'],
    ['\\u0041\\u00C0', 'aà'],
    ['\\101\\132\\0', 'az\\0'],
    ['\\cA\\cz', '\\cA\\cz'],
    ['\\c1', '\\\\c1'],
    ['\\t\\n\\v\\f\\r', '\\t\\n\\v\\f\\r'],
    // Letters with a needless backslash: `\N` must not become `\n`.
    ['\\N\\T\\H\\P{L}', 'nthp{l}'],
    // Nor may what follows `\x` or `\u` make it an escape that it was not.
    ['\\xG\\x\\x41f', 'xgxaf'],
    ['\\u{41}', 'u{41}'],
    ['(?<Name>A)(?:B)(C)', '(?<Name>a)(?:b)(c)'],
    ['\\k<Name>', 'k<name>'],
    ['\\(\\[\\\\A', '\\(\\[\\\\a'],
    ['[A-Z]', '[A-Za-z]'],
    ['[^A-Z]', '[^A-Za-z]'],
    ['[A-z]', '[A-za-z]'],
    ['[Z-_]', '[Z-_z-z]'],
    ['[0-9A-F]', '[0-9A-Fa-f]'],
    ['[AB]', '[ab]'],
    ['[\\x41-\\x43]', '[\\x41-\\x43a-c]'],
    ['[+-A-Z]', '[+-Aa-a-z]'],
    ['[A-]', '[a-]'],
    ['[-A]', '[-a]'],
    ['[\\d-A-Z]', '[\\d-a-z]'],
    ['[A-\\d]', '[a-\\d]'],
    ['[\\b\\B]', '[\\bb]'],
    ['[]A', '[]a'],
    ['[^]A', '[^]a'],
    ['[(?<A]', '[(?<a]'],
    ['[\\]A]', '[\\]a]'],
    ['[\\c_\\c!A]', '[\\c_\\\\c!a]'],
    ['[\0-ÿ]', '[\0-ÿa-zà-öø-þ]'],
    ['×ÄÞß', '×äþß'],
  ];
  for (const [pattern, folded] of table) {
    it(`${JSON.stringify(pattern)} becomes ${JSON.stringify(folded)}`, () => {
      expect(foldCase(pattern)).to.equal(folded);
    });
  }

  it('finds in lower-cased text what the flag i finds in the text', () => {
    let compared = 0;
    const subject = fc.string({ unit: fc.constantFrom(...'aAbBfFkKnNsSzZxX_-^[\\]019 /\n\u0001\b×ÀàÞþÖö') });
    fc.assert(
      fc.property(patternSource, fc.array(subject, { minLength: 5, maxLength: 5 }), (source, subjects) => {
        const expected = expression(source, 'i');
        if (expected === null || HAS_REFERENCE.test(source)) return;
        compared++;
        const folded = new RegExp(foldCase(source));
        for (const text of subjects) {
          const found = folded.exec(text.toLowerCase());
          const wanted = expected.exec(text);
          expect([found?.index, found?.[0].length], text).to.deep.equal([wanted?.index, wanted?.[0].length]);
        }
      }),
      { numRuns: 20_000 },
    );
    // Most random patterns have a syntax; otherwise the law would hold for nothing.
    expect(compared).to.be.greaterThan(5000);
  });
});

/** References are refused before a pattern is folded. */
const HAS_REFERENCE = /\\[1-9]|\\k/;

const piece = fc.oneof(
  fc.constantFrom(...'aAbBfFkKnNsSzZxX_-^019 /,×ÀÞÖ'),
  fc.constantFrom(
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\b',
    '\\B',
    '\\n',
    '\\N',
    '\\t',
    '\\T',
    '\\f',
    '\\F',
    '\\0',
  ),
  fc.constantFrom(
    '\\x41',
    '\\x4',
    '\\x',
    '\\u0041',
    '\\u00',
    '\\u',
    '\\xC0',
    '\\cA',
    '\\c',
    '\\c_',
    '\\c1',
    '\\H',
    '\\-',
    '\\]',
    '\\^',
  ),
  fc.constantFrom('\\00', '\\012', '\\0101'),
);
const members = fc.array(
  fc.oneof(piece, fc.constantFrom('-', 'A-Z', 'a-z', 'A-z', 'Z-_', '!-~', '\\x41-\\x5a', 'À-Þ', '[', '(')),
  {
    maxLength: 5,
  },
);
const classSource = fc.tuple(fc.constantFrom('[', '[^'), members).map(([open, inside]) => `${open}${inside.join('')}]`);
const atom = fc.oneof(
  { weight: 4, arbitrary: piece },
  { weight: 3, arbitrary: classSource },
  { weight: 1, arbitrary: fc.constantFrom('.', '^', '$', '|', '(', ')', '(?:', '(?<Ab>') },
);
const patternSource = fc
  .array(fc.tuple(atom, fc.constantFrom('', '', '', '?', '*', '+?', '{2}', '{1,2}', '{')), { maxLength: 6 })
  .map((atoms) => atoms.map(([text, count]) => text + count).join(''));

function expression(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}
