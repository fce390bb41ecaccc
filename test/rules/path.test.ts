import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { all } from '../../rules/all.ts';
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
    { exact: '/a b' },
    { segment: '/api/' },
    { params: '/users/:id/*rest', succ: 'a' },
    { glob: '/**/a?[b]*.png', succ: 'a' },
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

  describe('compares with a shape', () => {
    const table: readonly (readonly [
      args: Record<string, string>,
      path: string,
      edge: 'succ' | 'fail',
      groups?: Record<string, string>,
    ])[] = [
      [{ exact: '/a b' }, '/a%20b', 'succ'],
      [{ exact: '/a' }, '/a/', 'fail'],
      [{ segment: '/api' }, '/api', 'succ'],
      [{ segment: '/api' }, '/api/', 'succ'],
      [{ segment: '/api' }, '/api/x', 'succ'],
      [{ segment: '/api' }, '/apix', 'fail'],
      [{ segment: '/api' }, '/api%2Fx', 'fail'],
      [{ segment: '/api/' }, '/api', 'succ'],
      [{ segment: '/api//' }, '/api/x', 'succ'],
      [{ segment: '/' }, '/anything', 'succ'],
      [{ segment: '/' }, '*', 'succ'],
      [{ segment: '/foo' }, '/foo/stuff', 'succ'],
      [{ segment: '/foo' }, '/foobar', 'fail'],
      [{ params: '/users/:id' }, '/users/7', 'succ', { id: '7' }],
      [{ params: '/users/:id' }, '/users/a%2Fb', 'succ', { id: 'a%2Fb' }],
      [{ params: '/users/:id' }, '/users/', 'fail'],
      [{ params: '/users/:id' }, '/users/7/x', 'fail'],
      [{ params: '/a.c/:x/b/*rest' }, '/a.c/1/b/c/d', 'succ', { x: '1', rest: 'c/d' }],
      [{ params: '/a.c/:x/b/*rest' }, '/abc/1/b/c', 'fail'],
      [{ params: '/a/*rest' }, '/a/', 'succ', { rest: '' }],
      [{ params: '/a/*rest' }, '/a', 'fail'],
      [{ glob: '/a/*.png' }, '/a/x.png', 'succ'],
      [{ glob: '/a/*.png' }, '/a/b/x.png', 'fail'],
      [{ glob: '/a/**.png' }, '/a/b/x.png', 'succ'],
      [{ glob: '**/x' }, '/a/b/x', 'succ'],
      [{ glob: '/a?c' }, '/abc', 'succ'],
      [{ glob: '/a?c' }, '/a/c', 'fail'],
      [{ glob: '/a+(b)' }, '/a+(b)', 'succ'],
      [{ glob: '/\u00e4*' }, '/%C3%A4x', 'succ'],
    ];
    for (const [args, requestPath, edge, groups] of table) {
      it(`${JSON.stringify(args)} with ${requestPath}: ${edge}`, () => {
        const { edge: taken, plan } = decide(compileNode(path, { ...args, succ: 'a', fail: 'b' }), {
          path: requestPath,
        });
        expect(taken).to.equal(edge);
        expect({ ...plan.captures?.match.groups }).to.deep.equal(groups ?? {});
      });
    }

    it('and can be asked inside of others', () => {
      const inside = { of: [{ path: { segment: '/api' } }, { path: { params: '/:v/users' } }], succ: 'a', fail: 'b' };
      expect(decide(compileNode(all, inside), { path: '/api/users' }).edge).to.equal('succ');
      expect(decide(compileNode(all, inside), { path: '/apis/users' }).edge).to.equal('fail');
    });

    const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
      [{}, ''],
      [{ exact: '/a', segment: '/a' }, ''],
      [{ exact: '/a', regex: true }, ''],
      [{ exact: 'a' }, '/exact'],
      [{ segment: '' }, '/segment'],
      [{ params: '/:a/:a' }, '/params'],
      [{ params: '/:1' }, '/params'],
      [{ params: '/:' }, '/params'],
      [{ params: '/*a/b' }, '/params'],
      [{ glob: 'a' }, '/glob'],
      [{ glob: '' }, '/glob'],
    ];
    for (const [args, at] of bad) {
      it(`refuses ${JSON.stringify(args)}`, () => {
        expect(problemsOf(path, args).map((problem) => problem.at)).to.deep.equal([at]);
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
    [
      { pattern: '/a', sucC: 'x' },
      '/sucC',
      /not an arg of path; it takes pattern, exact, segment, params, glob, regex, rewrite, succ, fail/,
    ],
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
