import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { path } from '../../rules/path.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule path', () => {
  ruleContract(path, [
    { pattern: '/api', succ: 'a', fail: 'b' },
    { pattern: '' },
    { pattern: '^(a+)+$', regex: true },
    { pattern: '^/blog(\\S*)$', regex: true, rewrite: true, succ: 'a', fail: null },
    { pattern: '(.*)', regex: true, rewrite: true },
    { pattern: '(.)$', regex: true, rewrite: true },
    { pattern: '/a', regex: false, rewrite: true },
  ]);

  describe('compares with a prefix', () => {
    const table: readonly (readonly [pattern: string, path: string, edge: 'succ' | 'fail'])[] = [
      ['/path1', '/path1', 'succ'],
      ['/path1', '/path1x', 'succ'],
      ['/path1', '/path1/x', 'succ'],
      ['/path1', '/p', 'fail'],
      ['/path1', '/Path1', 'fail'],
      ['/path1', '/x/path1', 'fail'],
      ['/', '/', 'succ'],
      ['', '/', 'succ'],
      ['path1', '/path1', 'fail'],
      ['/a.c', '/abc', 'fail'],
      ['/a b', '/a%20b', 'succ'],
      ['/caf\u00e9', '/caf%C3%A9', 'succ'],
      ['/caf%c3%a9', '/caf%C3%A9', 'succ'],
      ['/%61%2f', '/a%2Fb', 'succ'],
      ['/a/b', '/a%2Fb', 'fail'],
      ['/\u017f', '/%C5%BF', 'succ'],
      ['/"#<>?\\', '/%22%23%3C%3E%3F%5C', 'succ'],
      ["/!$&'()*+,-.0:;=@A[]^_`a{|}~", "/!$&'()*+,-.0:;=@A[]^_`a{|}~", 'succ'],
      ['/\ud800', '/%EF%BF%BD', 'succ'],
      ['/%', '/%25', 'succ'],
      ['/a', '*', 'fail'],
    ];
    for (const [pattern, requestPath, edge] of table) {
      it(`${JSON.stringify(pattern)} with ${requestPath}: ${edge}`, () => {
        const decision = decide(compileNode(path, { pattern, rewrite: true, succ: 'a', fail: 'b' }), {
          path: requestPath,
        });
        expect(decision.edge).to.equal(edge);
        expect(decision.plan.path).to.equal(null);
      });
    }
  });

  describe('searches an expression', () => {
    const table: readonly (readonly [pattern: string, path: string, edge: 'succ' | 'fail'])[] = [
      ['^\\/blog\\/(\\S+)$', '/blog/a', 'succ'],
      ['^\\/blog\\/(\\S+)$', '/shop', 'fail'],
      ['blog', '/x/blog/y', 'succ'],
      ['Blog', '/blog', 'fail'],
      ['', '/', 'succ'],
      ['\\.(?:png|jpe?g)$', '/a/b.jpeg', 'succ'],
    ];
    for (const [pattern, requestPath, edge] of table) {
      it(`${JSON.stringify(pattern)} in ${requestPath}: ${edge}`, () => {
        const decision = decide(compileNode(path, { pattern, regex: true, succ: 'a', fail: 'b' }), {
          path: requestPath,
        });
        expect(decision.edge).to.equal(edge);
        expect(decision.plan.path).to.equal(null);
      });
    }
  });

  describe('rewrites', () => {
    const table: readonly (readonly [pattern: string, path: string, rewritten: string | null, edge?: string])[] = [
      ['^\\/blog(\\/\\S*)$', '/blog/a', '/a'],
      ['^\\/blog\\/(\\S+)$', '/blog/a', '/a'],
      ['^/blog', '/blog/a', '/'],
      ['^/blog(/x)?', '/blog', '/'],
      ['^/blog()', '/blog/a', '/'],
      ['^/(?:blog)/(\\w+)/(\\w+)', '/blog/a/b', '/a'],
      ['^/(?<rest>.*)', '/a/b', '/a/b'],
      ['^/blog(.*)', '/blog//a', '//a'],
      ['^/blog(.*)', '/blog../a', '/a'],
      ['^/(.*)', '/a%2Fb', '/a%2Fb'],
      ['(.*)', '*', null],
      ['^/blog(.*)', '/shop', null, 'fail'],
    ];
    for (const [pattern, requestPath, rewritten, edge = 'succ'] of table) {
      it(`${pattern} in ${requestPath}: ${rewritten ?? 'nothing'}`, () => {
        const node = compileNode(path, { pattern, regex: true, rewrite: true, succ: 'a', fail: 'b' });
        const decision = decide(node, { path: requestPath, query: '?x=1' });
        expect([decision.edge, decision.plan.path]).to.deep.equal([edge, rewritten]);
      });
    }

    it('shows the new path to the nodes behind', () => {
      const rewrite = compileNode(path, { pattern: '^/blog(/.*)', regex: true, rewrite: true, succ: 'a' });
      const prefix = compileNode(path, { pattern: '/a', succ: 'a' });
      const { plan } = decide(rewrite, { path: '/blog/blog/a' });
      expect(plan.path).to.equal('/blog/a');
      expect(decide(rewrite, { path: '/blog/blog/a' }, plan).plan.path).to.equal('/a');
      expect(decide(prefix, { path: '/blog/blog/a' }, plan).edge).to.equal('succ');
    });

    for (const [pattern, requestPath] of [
      ['^/a(%2)', '/a%2Fb'],
      ['^/a(%.)', '/a%2Fb'],
      ['^/a/(.*)x$', '/a/..%2Fx'],
    ] as const) {
      it(`answers 400 where nothing sound is captured: ${pattern} in ${requestPath}`, () => {
        const node = compileNode(path, { pattern, regex: true, rewrite: true, succ: 'a', fail: 'b' });
        const decision = decide(node, { path: requestPath });
        expect([decision.edge, decision.plan.fault, decision.plan.path]).to.deep.equal([null, Fault.BAD_TARGET, null]);
      });
    }
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string, msg: RegExp])[] = [
    [{}, '', /pattern/],
    [{ pattern: ['/a'] }, '/pattern', /string/],
    [{ pattern: '/a', regex: 'true' }, '/regex', /boolean/],
    [{ pattern: '/a', rewrite: 1 }, '/rewrite', /boolean/],
    [{ pattern: '(', regex: true }, '/pattern', /Unterminated group/],
    [{ pattern: '(a)\\1', regex: true }, '/pattern', /back-reference/],
    [{ pattern: '/a', sucC: 'x' }, '/sucC', /not an arg of path; it takes pattern, regex, rewrite, succ, fail/],
  ];
  for (const [args, at, msg] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      const problems = problemsOf(path, args);
      expect(problems.map((problem) => problem.at)).to.deep.equal([at]);
      expect(problems[0]?.msg).to.match(msg);
    });
  }

  it('takes a prefix for no expression', () => {
    expect(problemsOf(path, { pattern: '(' })).to.deep.equal([]);
  });
});
