import { expect } from 'chai';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { health } from '../../rules/health.ts';
import { tryRule } from '../../rules/try.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const means = { ...IDLE_MEANS, isUsable: (name: string) => name === 'b' || name === 'c#x' };

describe('rule try', () => {
  const of = (...names: readonly string[]): object[] => names.map((upstream) => ({ upstream, to: 'n' }));
  ruleContract(tryRule, [{ of: of('a', 'b#t'), default: 'c' }]);

  for (const [names, edge] of [
    [['a', 'b', 'c#x'], 'of/1/to'],
    [['c#x', 'b'], 'of/0/to'],
    [['a', 'c'], 'default'],
  ] as const)
    it(`goes ${edge} of ${names.join(', ')}`, () => {
      const node = compileNode(tryRule, { of: of(...names), default: 'd' }, { means });
      expect(decide(node, {}).edge).to.equal(edge);
    });

  it('names its upstreams, without tags', () => {
    expect(tryRule.upstreams?.({ of: of('a', 'b#t') })).to.deep.equal(['a', 'b']);
    expect(problemsOf(tryRule, { of: [] }).map(({ at }) => at)).to.deep.equal(['/of']);
  });
});

describe('rule health', () => {
  ruleContract(health, [{}, { upstreams: ['a'], all: false }]);

  for (const [args, status, body] of [
    [{}, 200, { status: 'up', upstreams: {} }],
    [{ upstreams: ['b'] }, 200, { status: 'up', upstreams: { b: true } }],
    [{ upstreams: ['a', 'b'] }, 503, { status: 'down', upstreams: { a: false, b: true } }],
    [{ upstreams: ['a', 'b'], all: false }, 200, { status: 'up', upstreams: { a: false, b: true } }],
  ] as const)
    it(`answers ${status} to ${JSON.stringify(args)}`, () => {
      const { answer } = decide(compileNode(health, args, { means }), {}).plan;
      expect([answer?.status, JSON.parse(answer?.body ?? '')]).to.deep.equal([status, body]);
    });
});
