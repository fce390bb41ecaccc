import { expect } from 'chai';
import fc from 'fast-check';
import { split } from '../../rules/split.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const parts = [
  { weight: 90, to: 'a' },
  { weight: 10, to: 'b' },
  { weight: 0, to: 'c' },
];

describe('rule split', () => {
  ruleContract(
    split,
    [{ parts }, { parts: [{ weight: 1 }] }, { parts, by: 'client' }, { parts, by: { cookie: 'user' }, seed: 'x' }],
    { isRandom: true },
  );

  it('divides by chance in proportion to the weights', () => {
    const counts = count(() => decide(compileNode(split, { parts }), {}).edge, 20_000);
    // Six standard deviations of a binomial of 0.1.
    expect(counts.get('parts/1/to')).to.be.within(2000 - 255, 2000 + 255);
    expect(counts.has('parts/2/to')).to.equal(false);
  });

  it('divides values in proportion to the weights, and each goes one way', () => {
    const node = compileNode(split, { parts, by: { header: 'user' } });
    let i = 0;
    const counts = count(() => edgeOf(node, `user-${String(i++)}`), 20_000);
    expect(counts.get('parts/1/to')).to.be.within(2000 - 255, 2000 + 255);
    expect(counts.has('parts/2/to')).to.equal(false);
    fc.assert(fc.property(fc.string(), (user) => edgeOf(node, user) === edgeOf(node, user)));
  });

  it('moves values only to the way whose weight has grown', () => {
    const [before, after] = [10, 30].map((weight) =>
      compileNode(split, { parts: [{ weight: 90 }, { weight }, { weight: 50 }], by: { header: 'user' } }),
    );
    let moved = 0;
    for (let i = 0; i < 5000; i++) {
      const [from, to] = [before, after].map((node) => (node === undefined ? null : edgeOf(node, `user-${i}`)));
      if (from === to) continue;
      expect(to).to.equal('parts/1/to');
      moved++;
    }
    expect(moved).to.be.above(0);
  });

  it('divides independently with another seed', () => {
    const halves = [{ weight: 1 }, { weight: 1 }];
    const [one, two] = ['a', 'b'].map((seed) => compileNode(split, { parts: halves, by: { header: 'user' }, seed }));
    let same = 0;
    for (let i = 0; i < 10_000; i++) if (one && two && edgeOf(one, `u${i}`) === edgeOf(two, `u${i}`)) same++;
    expect(same).to.be.within(4700, 5300);
  });

  it('draws lots for a request without the value', () => {
    const node = compileNode(split, { parts: [{ weight: 1 }, { weight: 1 }], by: { cookie: 'user' } });
    const counts = count(() => decide(node, {}).edge, 1000);
    expect([...counts.keys()].toSorted()).to.deep.equal(['parts/0/to', 'parts/1/to']);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ parts: [] }, '/parts'],
    [{ parts: [{ weight: 0 }] }, '/parts'],
    [{ parts: [{ weight: -1 }] }, '/parts/0/weight'],
    [{ parts: [{ to: 'a' }] }, '/parts/0'],
    [{ parts: [{ weight: 1, edge: 'a' }] }, '/parts/0/edge'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(split, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

function edgeOf(node: ReturnType<typeof compileNode>, user: string): string | null {
  return decide(node, { fields: { user } }).edge;
}

function count(draw: () => string | null, times: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    const edge = draw() ?? '';
    counts.set(edge, (counts.get(edge) ?? 0) + 1);
  }
  return counts;
}
