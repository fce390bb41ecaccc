import { expect } from 'chai';
import fc from 'fast-check';
import { isSealed, Seal } from '../../lib/core/seal.ts';

const OLD = 'an old secret of ours';
const NEW = 'a new secret of ours!';

describe('seal', () => {
  it('opens what it has sealed, whatever it is', () => {
    const seal = new Seal([NEW]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, purpose) => {
        const sealed = seal.seal(text, purpose);
        expect(isSealed(sealed)).to.equal(true);
        expect(seal.open(sealed, purpose)).to.equal(Buffer.from(text).toString());
      }),
      { numRuns: 30 },
    );
  });

  it('seals the same text differently each time', () => {
    const seal = new Seal([NEW]);
    expect(seal.seal('x', 'p')).to.not.equal(seal.seal('x', 'p'));
  });

  it('opens with every secret, and seals with the first', () => {
    const before = new Seal([OLD]).seal('x', 'p');
    const both = new Seal([NEW, OLD]);
    expect(both.open(before, 'p')).to.equal('x');
    expect([both.isCurrent(before), both.isCurrent(both.seal('x', 'p'))]).to.deep.equal([false, true]);
    expect(new Seal([NEW]).open(both.seal('x', 'p'), 'p')).to.equal('x');
  });

  it('leaves texts in clear as they are, and seals nothing without a secret', () => {
    const none = new Seal([]);
    expect([none.seal('x', 'p'), none.open('x', 'p'), none.isCurrent('x')]).to.deep.equal(['x', 'x', true]);
    expect(new Seal([NEW]).open('x', 'p')).to.equal('x');
    expect(new Seal([NEW]).isCurrent('x')).to.equal(false);
  });

  const sealed = new Seal([NEW]).seal('x', 'p');
  for (const [what, seal, text, purpose, reason] of [
    ['another secret', new Seal([OLD]), sealed, 'p', /sealed with the secret [0-9a-f]{8}, which ELB_SECRET does not/],
    ['no secret', new Seal([]), sealed, 'p', /ELB_SECRET does not have/],
    ['another purpose', new Seal([NEW]), sealed, 'q', /for something else, or changed/],
    [
      'a changed text',
      new Seal([NEW]),
      sealed.replace(/.{4}$/, 'AAA='),
      'p',
      /something else, or changed|not a sealed/,
    ],
    ['half a text', new Seal([NEW]), sealed.slice(0, 30), 'p', /not a sealed text/],
  ] as const) {
    it(`does not open by ${what}`, () => {
      expect(() => seal.open(text, purpose)).to.throw(reason);
    });
  }
});
