import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { rewrite } from '../../rules/rewrite.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule rewrite', () => {
  ruleContract(rewrite, [
    { path: '/x' },
    { add_prefix: '/v2', query: { set: { a: 'ä&' }, remove: ['x'] } },
    { strip_prefix: '/blog', next: 'a' },
    { pattern: '^(a+)+$|/(.*)', to: '$1$2' },
    { pattern: '/', to: '' },
    { query: { remove: ['x'] } },
  ]);

  const table: readonly (readonly [args: Record<string, unknown>, from: string, to: string])[] = [
    [{ path: '/x' }, '/a/b?c', '/x?c'],
    [{ add_prefix: '/v2' }, '/a', '/v2/a'],
    [{ add_prefix: '/v2' }, '/', '/v2/'],
    [{ strip_prefix: '/api' }, '/api/x', '/x'],
    [{ strip_prefix: '/api' }, '/api', '/'],
    [{ strip_prefix: '/api' }, '/api/', '/'],
    [{ strip_prefix: '/api' }, '/apis', '/apis'],
    [{ strip_prefix: '/api' }, '/x/api', '/x/api'],
    [{ pattern: '^/users/([0-9]+)/(.*)$', to: '/u/$1/$2' }, '/users/7/a?q', '/u/7/a?q'],
    [{ pattern: '^/users/', to: '/u/' }, '/x', '/x'],
    [{ pattern: 'b', to: '[$0]' }, '/abc', '/a[b]c'],
    [{ pattern: '(x)?b', to: '$1$2c' }, '/ab', '/ac'],
    [{ pattern: '^/', to: '' }, '/a', '/a'],
    [{ pattern: 'a', to: '../x' }, '/b/a', '/x'],
    [{ query: { set: { a: '1' } } }, '/', '/?a=1'],
    [{ query: { set: { a: 'b c&d' } } }, '/?a=0&x=%zz&a=2', '/?x=%zz&a=b%20c%26d'],
    [{ query: { remove: ['a b'] } }, '/?a+b=1&a%20b=2&c', '/?c'],
    [{ query: { remove: ['a'] } }, '/?a&a=1', '/'],
    [{ query: { remove: ['__proto__'] } }, '/?a=1', '/?a=1'],
    [{ path: '/x', query: { set: { a: '1' } } }, '/y', '/x?a=1'],
    [{ path: '/x' }, '*', '*'],
    [{ path: '/t/${host}/${query.q|none}' }, '/a', '/t/a.test/none'],
    [{ path: '/t/${query.q}' }, '/a?q=b/..%3Fc', '/t/b%2F..%3Fc?q=b/..%3Fc'],
    [{ add_prefix: '/${host}' }, '/a', '/a.test/a'],
    [{ pattern: '^/(?<user>[^/]+)', to: '/u/${param.user}/$1' }, '/a%20b/c', '/u/a%20b/a%20b/c'],
    [{ query: { set: { h: 'x ${host}&' } } }, '/', '/?h=x%20a.test%26'],
  ];
  for (const [args, from, to] of table) {
    it(`turns ${from} into ${to} with ${JSON.stringify(args)}`, () => {
      const { edge, plan } = decide(compileNode(rewrite, { ...args, next: 'a' }), parts(from));
      const { path = '/', query = '' } = parts(from);
      expect(edge).to.equal('next');
      expect((plan.path ?? path) + (plan.query ?? query)).to.equal(to);
    });
  }

  it('answers 400 where nothing comes of it that could be sent', () => {
    const node = compileNode(rewrite, { pattern: 'a', to: '%2e%2e%2f', next: 'a' });
    expect(decide(node, { path: '/a' })).to.deep.include({ edge: null });
    expect(decide(node, { path: '/a' }).plan.fault).to.equal(Fault.BAD_TARGET);
  });

  it('answers 400 where a value would be a step up', () => {
    for (const query of ['?q=..', '?q=.', '?q=%2e%2E']) {
      const node = compileNode(rewrite, { path: '/t/${query.q}/x', next: 'a' });
      expect(decide(node, { path: '/a', query }).plan.fault).to.equal(Fault.BAD_TARGET);
    }
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ path: '/a', add_prefix: '/b' }, ''],
    [{ path: 'a' }, '/path'],
    [{ path: '/a?b' }, '/path'],
    [{ path: '/ä' }, '/path'],
    [{ add_prefix: '/a/' }, '/add_prefix'],
    [{ strip_prefix: 'a' }, '/strip_prefix'],
    [{ pattern: 'a' }, ''],
    [{ pattern: '(?=a)', to: 'b' }, '/pattern'],
    [{ path: '/${nope}' }, '/path'],
    [{ query: { set: { a: '${nope}' } } }, '/query/set/a'],
    [{ pattern: 'a', to: 'b?c' }, '/to'],
    [{ query: { add: {} } }, '/query/add'],
    [{ query: { set: { a: 1 } } }, '/query/set/a'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(rewrite, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

function parts(target: string): RequestParts {
  const [path = '', query] = target.split('?');
  return { path, query: query === undefined ? '' : `?${query}` };
}
