import { expect } from 'chai';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import * as fc from 'fast-check';
import { Fault } from '../../lib/core/faults.ts';
import { compileGraph } from '../../lib/routing/compile.ts';
import { Domain } from '../../lib/routing/domain.ts';
import type { Graph } from '../../lib/routing/graph.ts';
import { openGraph } from '../../lib/routing/open-graph.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { defineRule, type Rule } from '../../lib/routing/rule.ts';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { States } from '../../lib/routing/states.ts';
import { walk } from '../../lib/routing/walk.ts';
import { rules } from '../../rules/index.ts';
import { TestRequest } from './test-request.ts';

describe('openGraph', () => {
  it('decides what the checked graph decides', () => {
    const edge = (i: number) =>
      fc.option(fc.integer({ min: Math.min(i + 1, 40), max: 40 }).map((to) => (to > i ? `n${to}` : null)));
    const args = (i: number) =>
      fc.oneof(
        fc.record({
          type: fc.constant('path'),
          pattern: fc.constantFrom('/', '/a', '/b'),
          succ: edge(i),
          fail: edge(i),
        }),
        fc.record({ type: fc.constant('ua'), pattern: fc.constantFrom('x', 'y'), succ: edge(i), fail: edge(i) }),
        fc.record({ type: fc.constant('backend'), servername: fc.constantFrom('one', 'two') }),
      );
    const document = fc.tuple(...Array.from({ length: 41 }, (_, i) => args(i))).map((nodes) => ({
      init: 'n0',
      rules: Object.fromEntries(nodes.map(({ type, ...rest }, i) => [`n${i}`, { type, args: rest }])),
    }));
    const request = fc.record({ path: fc.constantFrom('/', '/a', '/b'), agent: fc.constantFrom('x', 'y', 'z') });
    fc.assert(
      fc.property(document, fc.array(request, { maxLength: 5 }), (given, requests) => {
        const { graph } = compileGraph(given, { rules, maxNodes: 41 });
        const opened = openGraph(JSON.stringify(given), rules);
        for (const { path, agent } of requests) {
          expect(planOf(opened, path, agent)).to.deep.equal(planOf(graph, path, agent));
        }
      }),
    );
  });

  it('compiles a small graph at once, and of a large one only what a walk meets', () => {
    const compiled: string[] = [];
    const counting: Rule = defineRule<{ stop: boolean }>({
      type: 'count',
      summary: 'Goes on.',
      args: {},
      edges: ['next', 'never'],
      compile({ stop }, { name, edge }) {
        compiled.push(name);
        const next = edge('next');
        edge('never');
        return () => (stop ? null : next);
      },
    });
    const chain = (count: number, stopAt: number): string => {
      const nodes = Array.from({ length: count }, (_, i) => {
        const next = i + 1 < count ? `n${i + 1}` : null;
        return [`n${i}`, { type: 'count', args: { stop: i === stopAt, next, never: next } }];
      });
      return JSON.stringify({ init: 'n0', rules: Object.fromEntries(nodes) });
    };
    const known = new Map([['count', counting]]);
    openGraph(chain(20, 1), known);
    expect(compiled).to.have.length(20);
    compiled.length = 0;
    const large = openGraph(chain(10_000, 2), known);
    expect(compiled).to.deep.equal([]);
    for (let i = 0; i < 2; i++) planOf(large, '/', 'x');
    expect(compiled).to.deep.equal(['n0', 'n1', 'n2']);
  });

  it('refuses the request where a node cannot be compiled after all', () => {
    const nodes = [
      { type: 'ua', args: { pattern: '(' } },
      { type: 'gone', args: {} },
      { type: 'backend', args: null },
    ];
    for (const node of nodes) {
      const graph = openGraph(JSON.stringify({ init: 'a', rules: { a: node } }), rules);
      expect(planOf(graph, '/', 'x').fault).to.equal(Fault.BROKEN_GRAPH);
    }
  });
});

describe('Domain', () => {
  it('opens its document once, when it is first asked for', () => {
    let opened = 0;
    const counting: ReadonlyMap<string, Rule> = new Map([
      ['end', defineRule({ type: 'end', summary: '', args: {}, edges: [], compile: () => (opened++, () => null) })],
    ]);
    const domain = new Domain('a.test', '{"init": "a", "rules": {"a": {"type": "end", "args": {}}}}', {
      rules: counting,
      means: IDLE_MEANS,
      states: new States(),
      young: new YoungCollector(),
    });
    expect(opened).to.equal(0);
    expect(domain.graph).to.equal(domain.graph);
    expect(opened).to.equal(1);
  });
});

function planOf(graph: Graph | null, path: string, agent: string): { upstream: string | null; fault: number } {
  if (graph === null) throw new Error('no graph');
  const plan = new Plan();
  void walk(graph, new TestRequest(plan, { path, fields: { 'user-agent': agent } }), plan);
  return { upstream: plan.upstream, fault: plan.fault };
}
