import { expect } from 'chai';
import { compilePattern, MAX_PATTERN_LENGTH } from '../../lib/routing/pattern.ts';

describe('compilePattern', () => {
  const refused: readonly (readonly [pattern: string, reason: RegExp])[] = [
    ['(', /^is not a regular expression: Unterminated group$/],
    ['[z-a]', /^is not a regular expression: Range out of order in character class$/],
    ['a**', /Nothing to repeat/],
    ['(?i)a', /Invalid group/],
    ['(?>a)', /Invalid group/],
    ['a: (', /^is not a regular expression: Unterminated group$/],
    ['(?=a)', /look-around/],
    ['(?!a)', /look-around/],
    ['(?<=a)b', /look-around/],
    ['(?<!a)b', /look-around/],
    ['(a)\\1', /back-reference/],
    ['\\1(a)', /back-reference/],
    ['(?<n>a)\\k<n>', /back-reference/],
    ['(?i:a)', /switches case sensitivity inside; it is on/],
    ['(?m-i:a)', /switches case sensitivity/],
    ['a{17}', /beyond 16.*x\{16\}x\{16\}/],
    ['a{1,100}', /beyond 16/],
    ['(a{5}){5}', /beyond 16/],
    ['a'.repeat(MAX_PATTERN_LENGTH + 1), /longer than 4096/],
  ];
  for (const [pattern, reason] of refused) {
    it(`refuses ${pattern.slice(0, 20)}`, () => {
      expect(compilePattern(pattern, { ignoreCase: false })).to.match(reason);
      expect(compilePattern(pattern, { ignoreCase: true })).to.be.a('string');
    });
  }

  it('says that a pattern without regard to case cannot switch it', () => {
    expect(compilePattern('(?-i:A)', { ignoreCase: true })).to.match(/it is off/);
  });

  const accepted: readonly (readonly [pattern: string, found: string, other: string])[] = [
    ['', 'anything', ''],
    ['httpie(\\S+)$', 'httpie/0.9.9', 'httpie'],
    ['^\\/blog\\/(\\S+)$', '/blog/a', '/shop'],
    ['\\bfoo\\b', 'a foo', 'afoo'],
    ['(?s:a.b)', 'a\nb', 'ab'],
    ['[0-9a-f]{16}[0-9a-f]{16}', '0123456789abcdef0123456789abcdef', '0123456789abcdef'],
    ['\\k<n>', 'k<n>', 'n'],
    ['\\101', 'A', 'a'],
    ['[(?=]', '=', '!'],
    ['\\(?=a', '=a', 'a'],
    ['(?<year>\\d{4})', '2026', '202'],
    ['a'.repeat(MAX_PATTERN_LENGTH), 'a'.repeat(MAX_PATTERN_LENGTH), 'a'],
  ];
  for (const [pattern, found, other] of accepted) {
    it(`accepts ${pattern.slice(0, 30) || 'the empty pattern'}`, () => {
      const expression = compilePattern(pattern, { ignoreCase: false });
      if (typeof expression === 'string') throw new Error(expression);
      expect(expression.test(found)).to.equal(true);
      if (other !== '') expect(expression.test(other)).to.equal(false);
    });
  }

  it('gives an expression without state', () => {
    const expression = compilePattern('a', { ignoreCase: true });
    if (typeof expression === 'string') throw new Error(expression);
    expect(expression.flags).to.equal('');
    expect([expression.test('a'), expression.test('a')]).to.deep.equal([true, true]);
  });

  // Classic backtracking doubles its time with every character: these would take longer than the world is old. The bound
  // compares one length with its double: linear engines about double, quadratic ones quadruple.
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    it(`runs ${pattern} in linear time`, () => {
      const expression = compilePattern(pattern, { ignoreCase: false });
      if (typeof expression === 'string') throw new Error(expression);
      const letter = pattern.includes('x') ? 'x' : 'a';
      const small = bestNs(expression, `${letter.repeat(8000)}!`);
      const large = bestNs(expression, `${letter.repeat(16_000)}!`);
      expect(large / small).to.be.lessThan(8);
    });
  }
});

/** The least time of several searches: the one that was disturbed least. */
function bestNs(expression: RegExp, subject: string): number {
  let best = Infinity;
  for (let i = 0; i < 7; i++) {
    const start = process.hrtime.bigint();
    expect(expression.test(subject)).to.equal(false);
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  return best;
}
