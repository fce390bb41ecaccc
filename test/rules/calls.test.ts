import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import { Domain, type GraphWorld } from '../../lib/routing/domain.ts';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { States } from '../../lib/routing/states.ts';
import { walk } from '../../lib/routing/walk.ts';
import { gotoRule } from '../../rules/goto.ts';
import { include } from '../../rules/include.ts';
import { rules } from '../../rules/index.ts';
import { returnRule } from '../../rules/return.ts';
import { TestRequest } from '../routing/test-request.ts';
import { problemsOf, ruleContract } from './contract.ts';

type Nodes = Readonly<Record<string, readonly [type: string, args: object]>>;

/** Walks from the graph of a.test through graphs and domains; answers the body of the answer, or the fault. */
function walked(
  domains: Readonly<Record<string, Nodes>>,
  graphs: Readonly<Record<string, Nodes>> = {},
): string | number {
  const world: GraphWorld = {
    rules,
    states: new States(),
    young: new YoungCollector(),
    means: {
      ...IDLE_MEANS,
      graph: (name) => open(graphs, name),
      domain: (name) => open(domains, name),
    },
  };
  function open(all: Readonly<Record<string, Nodes>>, name: string): Domain | null {
    const nodes = all[name];
    if (nodes === undefined) return null;
    const documents = Object.entries(nodes).map(([node, [type, args]]) => [node, { type, args }]);
    return new Domain(name, JSON.stringify({ init: documents[0]?.[0], rules: Object.fromEntries(documents) }), world);
  }
  const plan = new Plan();
  const graph = open(domains, 'a.test')?.graph;
  if (graph !== null && graph !== undefined) void walk(graph, new TestRequest(plan, { path: '/x' }), plan);
  return plan.answer?.body ?? plan.fault;
}

const say = (body: string): readonly [string, object] => ['respond', { body }];

describe('rules goto, include, return', () => {
  ruleContract(gotoRule, [{ domain: 'a.test' }, { domain: '*.a.test' }, { domain: '*' }]);
  ruleContract(include, [
    { graph: 'g', next: 'a' },
    { graph: 'g', exits: { staff: 'b' }, next: 'a' },
  ]);
  ruleContract(returnRule, [{}, { exit: 'staff' }]);

  it('goes on in another domain', () => {
    expect(walked({ 'a.test': { n: ['goto', { domain: 'b.test' }] }, 'b.test': { n: say('b') } })).to.equal('b');
    expect(walked({ 'a.test': { n: ['goto', { domain: 'b.test' }] } })).to.equal(Fault.NO_DOMAIN);
  });

  it('comes back behind include, by the exit that return names', () => {
    const from = (args: object): Nodes => ({ n: ['include', { graph: 'g', ...args }], a: say('a'), b: say('b') });
    const graph = (type: string, args: object): Readonly<Record<string, Nodes>> => ({ g: { r: [type, args] } });
    const exits = { staff: 'b', gone: null };
    expect(walked({ 'a.test': from({ next: 'a' }) }, graph('return', {}))).to.equal('a');
    expect(walked({ 'a.test': from({ next: 'a', exits }) }, graph('return', { exit: 'staff' }))).to.equal('b');
    expect(walked({ 'a.test': from({ next: 'a', exits }) }, graph('return', { exit: 'gone' }))).to.equal(
      Fault.FORBIDDEN,
    );
    expect(walked({ 'a.test': from({ next: 'a' }) }, graph('return', { exit: 'other' }))).to.equal(Fault.FORBIDDEN);
    expect(walked({ 'a.test': from({}) }, graph('return', {}))).to.equal(Fault.FORBIDDEN);
    expect(walked({ 'a.test': from({ next: 'a' }) }, graph('respond', { body: 'g' }))).to.equal('g');
    expect(walked({ 'a.test': from({ next: 'a' }) })).to.equal(Fault.BROKEN_GRAPH);
  });

  it('includes inside of what is included', () => {
    const graphs: Readonly<Record<string, Nodes>> = {
      outer: { n: ['include', { graph: 'inner', exits: { x: 'back' } }], back: ['return', {}] },
      inner: { n: ['path', { pattern: '/x', succ: 'x' }], x: ['return', { exit: 'x' }] },
    };
    expect(walked({ 'a.test': { n: ['include', { graph: 'outer', next: 'end' }], end: say('end') } }, graphs)).to.equal(
      'end',
    );
  });

  it('does not come back from goto', () => {
    const graphs = { g: { n: ['goto', { domain: 'b.test' }] } } satisfies Readonly<Record<string, Nodes>>;
    const domains: Readonly<Record<string, Nodes>> = {
      'a.test': { n: ['include', { graph: 'g', next: 'a' }], a: say('a') },
      'b.test': { n: ['return', {}] },
    };
    expect(walked(domains, graphs)).to.equal(Fault.FORBIDDEN);
  });

  it('ends in a circle that nobody has refused', () => {
    expect(walked({ 'a.test': { n: ['goto', { domain: 'a.test' }] } })).to.equal(Fault.BROKEN_GRAPH);
  });

  for (const [rule, args, at] of [
    [gotoRule, { domain: 'a b' }, '/domain'],
    [gotoRule, {}, ''],
    [include, { graph: '' }, '/graph'],
    [include, { graph: 'g', exits: { 'a/b': 'n' } }, '/exits'],
    [returnRule, { exit: 'a/b' }, '/exit'],
  ] as const)
    it(`refuses ${rule.type} ${JSON.stringify(args)}`, () => {
      expect(problemsOf(rule, args).map((problem) => problem.at)).to.include(at);
    });
});
