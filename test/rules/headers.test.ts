import { expect } from 'chai';
import { Plan } from '../../lib/routing/plan.ts';
import { requestHeaders } from '../../rules/request-headers.ts';
import { responseHeaders } from '../../rules/response-headers.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule request-headers', () => {
  ruleContract(requestHeaders, [
    { next: 'a' },
    {
      set: { 'X-A': 'ä', 'X-B': [1, true] },
      add: { 'user-agent': 'x' },
      remove: ['cookie'],
      rename: { cookie: 'x-c' },
    },
  ]);

  const fields = { 'x-old': '1', 'x-list': 'a, b' };
  const table: readonly (readonly [args: Record<string, unknown>, set: readonly string[], drop: readonly string[]])[] =
    [
      [{ set: { 'X-A': 'b' } }, ['X-A', 'b'], []],
      [{ set: { 'X-A': ['b', 'c'] } }, ['X-A', 'b', 'X-A', 'c'], []],
      [{ add: { 'X-List': 'c' } }, ['X-List', 'a, b', 'X-List', 'c'], []],
      [{ add: { 'X-New': 'c' } }, ['X-New', 'c'], []],
      [{ add: { 'X-List': ['c', 'd'] } }, ['X-List', 'a, b', 'X-List', 'c', 'X-List', 'd'], []],
      [{ set: { 'x-list': 'c' }, add: { 'X-List': 'd' } }, ['x-list', 'c', 'X-List', 'd'], []],
      [{ remove: ['X-List'], add: { 'X-List': 'd' } }, ['X-List', 'd'], ['x-list']],
      [{ set: { 'X-H': '${host} ${header.x-old}' } }, ['X-H', 'a.test 1'], []],
      [{ remove: ['X-Old', 'X-None'] }, [], ['x-old', 'x-none']],
      [{ rename: { 'X-Old': 'X-New' } }, ['X-New', '1'], ['x-old']],
      [{ rename: { 'X-None': 'X-New' } }, [], ['x-none']],
    ];
  for (const [args, set, drop] of table) {
    it(`does ${JSON.stringify(args)}`, () => {
      const { edge, plan } = decide(compileNode(requestHeaders, { ...args, next: 'a' }), { fields });
      expect([edge, plan.setFields, plan.dropFields]).to.deep.equal(['next', set, drop]);
    });
  }

  it('comes before what later nodes set', () => {
    const plan = new Plan();
    decide(compileNode(requestHeaders, { set: { 'X-A': '1', 'X-B': '1' }, remove: ['X-C'] }), {}, plan);
    decide(compileNode(requestHeaders, { set: { 'x-a': '2' } }), {}, plan);
    decide(compileNode(requestHeaders, { remove: ['x-b'] }), {}, plan);
    expect([plan.setFields, plan.dropFields]).to.deep.equal([
      ['x-a', '2'],
      ['x-c', 'x-b'],
    ]);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{ set: { 'Content-Length': 1 } }, '/set/Content-Length'],
    [{ add: { 'a b': 1 } }, '/add/a b'],
    [{ set: { a: 'b\r\nc: d' } }, '/set/a'],
    [{ set: { a: '${nope}' } }, '/set/a'],
    [{ set: { Host: '${header.x}' } }, '/set/Host'],
    [{ remove: ['a', 'Transfer-Encoding'] }, '/remove/1'],
    [{ remove: ['Host'] }, '/remove/0'],
    [{ rename: { Connection: 'X-A' } }, '/rename/Connection'],
    [{ rename: { 'X-A': 'Upgrade' } }, '/rename/X-A'],
    [{ delete: ['a'] }, '/delete'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(requestHeaders, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

describe('rule response-headers', () => {
  ruleContract(responseHeaders, [
    {},
    { set: { 'X-A': 'ä' }, add: { 'Set-Cookie': 'a=b' }, remove: ['Server'], next: 'a' },
  ]);

  it('drops what it sets and what it removes, and adds', () => {
    const args = { set: { 'X-A': ['1', '2'] }, add: { 'X-B': 'ä' }, remove: ['Server'] };
    expect(decide(compileNode(responseHeaders, args), {}).plan.replyEdit).to.deep.equal({
      drop: ['x-a', 'x-a', 'server'],
      lines: 'X-A: 1\r\nX-A: 2\r\nX-B: Ã¤\r\n',
    });
  });

  it('comes before what later nodes change', () => {
    const plan = new Plan();
    decide(compileNode(responseHeaders, { set: { 'X-A': '1', 'X-B': '1' } }), {}, plan);
    decide(compileNode(responseHeaders, { set: { 'x-a': '2' }, remove: ['Server'] }), {}, plan);
    expect(plan.replyEdit).to.deep.equal({ drop: ['x-a', 'x-b', 'x-a', 'server'], lines: 'X-B: 1\r\nx-a: 2\r\n' });
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{ set: { 'Content-Length': 1 } }, '/set/Content-Length'],
    [{ add: { Connection: 'close' } }, '/add/Connection'],
    [{ remove: ['Transfer-Encoding'] }, '/remove/0'],
    [{ rename: { a: 'b' } }, '/rename'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(responseHeaders, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});
