import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { compileGraph } from '../../lib/routing/compile.ts';
import { compilePattern } from '../../lib/routing/pattern.ts';
import { openGraph } from '../../lib/routing/open-graph.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { defineRule, type Rule } from '../../lib/routing/rule.ts';
import { walk } from '../../lib/routing/walk.ts';
import { TestRequest } from './test-request.ts';

const forward = defineRule({
  type: 'end',
  summary: 'Ends the walk.',
  args: { additionalProperties: true },
  edges: [],
  compile: () => (_request, plan) => {
    plan.fault = Fault.NO_SERVERNAME;
    return null;
  },
});

const search = defineRule<{ pattern: string }>({
  type: 'test',
  summary: 'Searches the path.',
  args: { properties: { pattern: { type: 'string' } }, required: ['pattern'], additionalProperties: false },
  edges: ['succ', 'fail'],
  compile(args, { edge, problem }) {
    const pattern = compilePattern(args.pattern, { ignoreCase: false });
    if (typeof pattern === 'string') problem('/pattern', pattern);
    return (request) => edge(typeof pattern !== 'string' && pattern.test(request.path) ? 'succ' : 'fail');
  },
});

const pass = defineRule({
  type: 'pass',
  summary: 'Goes on.',
  args: { additionalProperties: false },
  edges: ['next'],
  compile(_args, { edge }) {
    const next = edge('next');
    return () => next;
  },
});

const broken = defineRule({
  type: 'broken',
  summary: 'Has a defect.',
  args: {},
  edges: [],
  compile() {
    throw new Error('oh');
  },
});

const rules: ReadonlyMap<string, Rule> = new Map([search, forward, pass, broken].map((rule) => [rule.type, rule]));
const graphs = { rules, maxNodes: 100_000 };
const end = { type: 'end', args: {} };

describe('compileGraph', () => {
  describe('documents with problems', () => {
    const table: readonly (readonly [
      title: string,
      document: unknown,
      fault: number,
      problems: Record<string, RegExp>,
    ])[] = [
      ['null', null, Fault.BAD_GRAPH, { '': /not an object/ }],
      ['a string', '{}', Fault.BAD_GRAPH, { '': /not an object/ }],
      ['a list', [], Fault.BAD_GRAPH, { '': /not an object/ }],
      ['nothing in it', {}, Fault.BAD_GRAPH, { '/init': /name/, '/rules': /object/ }],
      ['no init', { rules: { a: end } }, Fault.BAD_GRAPH, { '/init': /name/ }],
      ['no rules', { init: 'a' }, Fault.BAD_GRAPH, { '/rules': /object/ }],
      ['init is no string', { init: 1, rules: { a: end } }, Fault.BAD_GRAPH, { '/init': /name/ }],
      ['rules is a list', { init: 'a', rules: [end] }, Fault.BAD_GRAPH, { '/rules': /object/ }],
      ['no init, and a bad node', { rules: { a: 7 } }, Fault.BAD_GRAPH, { '/init': /name/, '/rules/a': /object/ }],
      [
        'init node without type',
        of({ args: {} }),
        Fault.BAD_GRAPH,
        { '/rules/a/type': /not one of test, end, pass, broken/ },
      ],
      ['init node without args', of({ type: 'end' }), Fault.BAD_GRAPH, { '/rules/a/args': /not an object/ }],
      ['init node is null', of(null), Fault.BAD_GRAPH, { '/rules/a': /not an object/ }],
      ['another node without args', of(end, { type: 'end' }), Fault.BROKEN_GRAPH, { '/rules/b/args': /not an object/ }],
      ['dangling init', { init: 'x', rules: { a: end } }, Fault.BROKEN_GRAPH, { '/init': /names "x"/ }],
      ['dangling edge', of(test({ succ: 'x' })), Fault.BROKEN_GRAPH, { '/rules/a/args/succ': /names "x"/ }],
      ['empty edge', of(test({ succ: '' })), Fault.BROKEN_GRAPH, { '/rules/a/args/succ': /names ""/ }],
      ['edge that is no string', of(test({ succ: 5 })), Fault.BROKEN_GRAPH, { '/rules/a/args/succ': /string/ }],
      ['unknown type', of({ type: 'geo', args: {} }), Fault.BROKEN_GRAPH, { '/rules/a/type': /"geo".*test, end/ }],
      [
        'type of the prototype',
        of({ type: 'constructor', args: {} }),
        Fault.BROKEN_GRAPH,
        { '/rules/a/type': /"constructor"/ },
      ],
      ['arg missing', of({ type: 'test', args: {} }), Fault.BROKEN_GRAPH, { '/rules/a/args': /required.*pattern/ }],
      [
        'mistyped arg',
        of(test({ fial: 'b' }), end),
        Fault.BROKEN_GRAPH,
        { '/rules/a/args/fial': /not an arg of test; it takes pattern, succ, fail/ },
      ],
      ['arg of the wrong kind', of(test({ pattern: 1 })), Fault.BROKEN_GRAPH, { '/rules/a/args/pattern': /string/ }],
      [
        'a type, an edge and an arg that are nearly right',
        of({ type: 'tset', args: {} }, test({ succ: 'aa', fali: 'a' })),
        Fault.BROKEN_GRAPH,
        {
          '/rules/a/type': /^is "tset", which there is not: is "test" meant\?$/,
          '/rules/b/args/succ': /^names "aa", which is not in rules: is "a" meant\?$/,
          '/rules/b/args/fali': /it takes pattern, succ, fail: is "fail" meant\?$/,
        },
      ],
      ['bad pattern', of(test({ pattern: '(' })), Fault.BROKEN_GRAPH, { '/rules/a/args/pattern': /Unterminated/ }],
      [
        'a node that goes to itself',
        of(test({ succ: 'a' })),
        Fault.BROKEN_GRAPH,
        { '/rules/a/args/succ': /cycle: a -> a$/ },
      ],
      [
        'a cycle of two, reached by fail',
        of(test({ fail: 'b' }), test({ succ: 'c' }), test({ fail: 'b' })),
        Fault.BROKEN_GRAPH,
        { '/rules/c/args/fail': /cycle: b -> c -> b$/ },
      ],
      [
        'a cycle that nothing leads to',
        of(end, test({ succ: 'b' })),
        Fault.BROKEN_GRAPH,
        { '/rules/b/args/succ': /cycle: b -> b$/ },
      ],
      [
        'a cycle through a node with bad args',
        of(test({ pattern: 1, succ: 'a' })),
        Fault.BROKEN_GRAPH,
        {
          '/rules/a/args/pattern': /string/,
          '/rules/a/args/succ': /cycle/,
        },
      ],
      [
        'a bad node that nothing leads to',
        of(end, { type: 'geo', args: {} }),
        Fault.BROKEN_GRAPH,
        { '/rules/b/type': /"geo"/ },
      ],
      [
        'a name that a pointer must escape',
        { init: 'a/b~c', rules: { 'a/b~c': test({ 'x/y': 1 }) } },
        Fault.BROKEN_GRAPH,
        {
          '/rules/a~1b~0c/args/x~1y': /not an arg/,
        },
      ],
      [
        'a name of the prototype that is not there',
        of(test({ succ: 'constructor', fail: '__proto__' })),
        Fault.BROKEN_GRAPH,
        {
          '/rules/a/args/succ': /names "constructor"/,
          '/rules/a/args/fail': /names "__proto__"/,
        },
      ],
      [
        'a rule that fails',
        of({ type: 'broken', args: {} }),
        Fault.BROKEN_GRAPH,
        { '/rules/a/args': /cannot be compiled: oh/ },
      ],
      [
        'everything at once',
        of(test({ pattern: '(', fial: 'b', succ: 'x' }), { type: 'geo' }, test({ fail: 'c' })),
        Fault.BROKEN_GRAPH,
        {
          '/rules/a/args/pattern': /Unterminated/,
          '/rules/a/args/fial': /not an arg/,
          '/rules/a/args/succ': /names "x"/,
          '/rules/b/type': /"geo"/,
          '/rules/b/args': /not an object/,
          '/rules/c/args/fail': /cycle/,
        },
      ],
    ];
    for (const [title, document, fault, expected] of table) {
      it(title, () => {
        const { graph, problems, fault: actual } = compileGraph(document, graphs);
        expect(graph).to.equal(null);
        expect(actual).to.equal(fault);
        expect(problems.map((problem) => problem.at).toSorted()).to.deep.equal(Object.keys(expected).toSorted());
        for (const { at, msg } of problems) expect(msg).to.match(expected[at] ?? /^$/);
      });
    }
  });

  describe('good documents', () => {
    const table: readonly (readonly [title: string, document: unknown, path: string, fault: number])[] = [
      ['one node', of(end), '/', Fault.NO_SERVERNAME],
      ['an edge', of(test({ succ: 'b' }), end), '/yes', Fault.NO_SERVERNAME],
      ['missing succ', of(test({ fail: 'b' }), end), '/yes', Fault.FORBIDDEN],
      ['missing fail', of(test({ succ: 'b' }), end), '/no', Fault.FORBIDDEN],
      ['null as a missing edge', of(test({ succ: 'b', fail: null }), end), '/no', Fault.FORBIDDEN],
      [
        'notes beside init, rules, type and args',
        { ...of({ ...end, note: 'all' }), owner: 'web' },
        '/',
        Fault.NO_SERVERNAME,
      ],
      [
        'names of the prototype',
        parsed(
          '{"init": "__proto__", "rules": {"__proto__": {"type": "test", "args": {"pattern": "yes", "succ": "constructor"}}, "constructor": {"type": "end", "args": {}}}}',
        ),
        '/yes',
        Fault.NO_SERVERNAME,
      ],
      ['an empty name', { init: '', rules: { '': end } }, '/', Fault.NO_SERVERNAME],
      ['a document without a prototype', Object.assign(Object.create(null), of(end)), '/', Fault.NO_SERVERNAME],
    ];
    for (const [title, document, path, fault] of table) {
      it(title, () => {
        const { graph, problems, fault: actual } = compileGraph(document, graphs);
        expect(problems).to.deep.equal([]);
        expect(actual).to.equal(0);
        if (graph === null) throw new Error('no graph');
        for (const walked of [graph, openGraph(JSON.stringify(document), rules)]) {
          const plan = new Plan();
          void walk(walked, new TestRequest(plan, { path }), plan);
          expect(plan.fault).to.equal(fault);
        }
      });
    }

    it('compiles a node once, however many edges lead to it', () => {
      const compiled: string[] = [];
      const counting: Rule = {
        ...forward,
        type: 'end',
        compile: (_args, { name }) => {
          compiled.push(name);
          return () => null;
        },
      };
      const document = of(
        test({ succ: 'b', fail: 'c' }),
        test({ succ: 'd', fail: 'd' }),
        test({ succ: 'd', fail: 'b' }),
        end,
      );
      const { problems } = compileGraph(document, { ...graphs, rules: new Map([...rules, ['end', counting]]) });
      expect(problems).to.deep.equal([]);
      expect(compiled).to.deep.equal(['d']);
    });
  });

  it('bears a chain of 100,000 nodes, and the cycle that its last node closes', () => {
    const count = 100_000;
    const chain = (last: string | null): unknown => {
      const nodes = Array.from({ length: count }, (_, i) => [
        `n${i}`,
        { type: 'pass', args: { next: i + 1 < count ? `n${i + 1}` : last } },
      ]);
      return { init: 'n0', rules: Object.fromEntries(nodes) };
    };
    const { graph, problems } = compileGraph(chain(null), graphs);
    expect(problems).to.deep.equal([]);
    if (graph === null) throw new Error('no graph');
    const plan = new Plan();
    void walk(graph, new TestRequest(plan, {}), plan);
    expect(plan.fault).to.equal(Fault.FORBIDDEN);
    const cyclic = compileGraph(chain('n0'), graphs).problems;
    expect(cyclic.map((problem) => problem.at)).to.deep.equal([`/rules/n${count - 1}/args/next`]);
    expect(cyclic[0]?.msg).to.match(/^closes a cycle: n0 -> n1 -> .* -> n19 -> \(99980 more\) -> n0$/);
  });

  it('tells every edge that closes a cycle', () => {
    const document = of(test({ succ: 'b', fail: 'a' }), test({ succ: 'a', fail: 'b' }));
    expect(
      compileGraph(document, graphs)
        .problems.map((problem) => problem.at)
        .toSorted(),
    ).to.deep.equal(['/rules/a/args/fail', '/rules/b/args/fail', '/rules/b/args/succ']);
  });
});

function test(args: Record<string, unknown>): unknown {
  return { type: 'test', args: { pattern: 'yes', ...args } };
}

/** A document whose nodes are a, b, c, ... and begin with a. */
function of(...nodes: unknown[]): Record<string, unknown> {
  return { init: 'a', rules: Object.fromEntries(nodes.map((node, i) => [String.fromCharCode(97 + i), node])) };
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}
