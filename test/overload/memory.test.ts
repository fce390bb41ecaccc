import { expect } from 'chai';
import { Memory } from '../../lib/overload/memory.ts';

describe('memory', () => {
  function looks(uses: readonly number[]): boolean[] {
    let i = 0;
    const memory = new Memory(() => uses[i++] ?? 0);
    return uses.map(() => memory.look());
  }

  const cases: readonly (readonly [what: string, uses: readonly number[], short: readonly boolean[]])[] = [
    ['garbage that is collected', [0.9, 0.92, 0.4, 0.9, 0.93, 0.5], [false, false, false, false, false, false]],
    ['nearly full for long', [0.9, 0.9, 0.9, 0.9, 0.9], [false, false, false, false, true]],
    ['as good as full', [0.96], [true]],
    ['enough again', [0.97, 0.8, 0.7, 0.7], [true, true, false, false]],
    ['one collection is enough', [0.97, 0.9, 0.5, 0.9], [true, true, false, false]],
  ];
  for (const [what, uses, short] of cases)
    it(what, () => {
      expect(looks(uses)).to.deep.equal(short);
    });

  it('looks at the heap of this process, which has room', () => {
    expect(new Memory().look()).to.equal(false);
  });
});
