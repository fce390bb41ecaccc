import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { close } from '../../rules/close.ts';
import { redirect } from '../../rules/redirect.ts';
import { respond } from '../../rules/respond.ts';
import { TestRequest, type RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule respond', () => {
  ruleContract(respond, [
    {},
    { status: 503, body: 'ä', headers: { 'Retry-After': 3600, 'X-A': ['b', true] } },
    { json: { a: [1] } },
    { status: 204 },
  ]);

  const table: readonly (readonly [args: Record<string, unknown>, status: number, lines: string, body: string])[] = [
    [{}, 200, '', ''],
    [{ body: 'a' }, 200, 'Content-Type: text/plain; charset=utf-8\r\n', 'a'],
    [{ body: 'ä' }, 200, 'Content-Type: text/plain; charset=utf-8\r\n', 'Ã¤'],
    [{ json: { a: 1 } }, 200, 'Content-Type: application/json\r\n', '{"a":1}\n'],
    [{ json: { h: '${host}' } }, 200, 'Content-Type: application/json\r\n', '{"h":"a.test"}\n'],
    [
      { body: '${client}', headers: { 'X-H': '${host}' } },
      200,
      'Content-Type: text/plain; charset=utf-8\r\nX-H: a.test\r\n',
      '127.0.0.1',
    ],
    [{ json: null }, 200, 'Content-Type: application/json\r\n', 'null\n'],
    [{ body: '<p>', headers: { 'content-type': 'text/html' } }, 200, 'content-type: text/html\r\n', '<p>'],
    [{ status: 418, headers: { A: ['b', 1] } }, 418, 'A: b\r\nA: 1\r\n', ''],
  ];
  for (const [args, status, lines, body] of table) {
    it(`answers ${JSON.stringify(args)}`, () => {
      expect(decide(compileNode(respond, args), {}).plan.answer).to.deep.equal({ status, lines, body });
    });
  }

  it('waits first where it is told to', async () => {
    const plan = new Plan();
    const node = compileNode(respond, { delay_ms: 20, body: 'late' });
    const began = performance.now();
    const pending = node.decide(new TestRequest(plan, {}), plan);
    expect(plan.answer).to.equal(null);
    expect(await pending).to.equal(null);
    expect(plan.answer).to.include({ body: 'late' });
    expect(performance.now() - began).to.be.at.least(18);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{ status: 101 }, '/status'],
    [{ status: 204, body: 'a' }, '/status'],
    [{ body: 'a', json: 1 }, ''],
    [{ headers: { 'Content-Length': 1 } }, '/headers/Content-Length'],
    [{ headers: { 'a b': 1 } }, '/headers/a b'],
    [{ body: '${x}' }, '/body'],
    [{ json: ['${x}'] }, '/json'],
    [{ headers: { a: '${x}' } }, '/headers/a'],
    [{ headers: { a: 'b\r\nc: d' } }, '/headers/a'],
    [{ delay_ms: 60_001 }, '/delay_ms'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(respond, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

describe('rule redirect', () => {
  ruleContract(redirect, [
    { to: 'https://shop.test' },
    { to: '/', keep_path: true, status: 308 },
    { to: '/login?a=b', keep_query: false },
  ]);

  const table: readonly (readonly [args: Record<string, unknown>, request: RequestParts, location: string])[] = [
    [{ to: 'https://b.test' }, { path: '/x' }, 'https://b.test'],
    [{ to: 'https://b.test' }, { path: '/x', query: '?y' }, 'https://b.test?y'],
    [{ to: 'https://b.test', keep_path: true }, { path: '/x', query: '?y' }, 'https://b.test/x?y'],
    [{ to: 'https://b.test/', keep_path: true }, { path: '/x' }, 'https://b.test/x'],
    [
      { to: 'https://b.test/new', keep_path: true, keep_query: false },
      { path: '/x', query: '?y' },
      'https://b.test/new/x',
    ],
    [{ to: '/login?next=home' }, { query: '?y' }, '/login?next=home'],
    [{ to: '/new', keep_path: true }, { path: '/x' }, '/new/x'],
    [{ to: '/', keep_path: true }, { path: '/x' }, '/x'],
    [{ to: 'https://${host}', keep_path: true }, { host: 'b.test', path: '/x', query: '?y' }, 'https://b.test/x?y'],
    [{ to: '/login?next=${path}&q=${query.q}' }, { path: '/a%20b', query: '?q=%26' }, '/login?next=%2Fa%20b&q=%26'],
    [{ to: '/${query.to}/' }, { query: '?to=%2F%2Fevil.test' }, '/%2F%2Fevil.test/?to=%2F%2Fevil.test'],
    [{ to: '${path}', keep_query: false }, { path: '//evil.test/x' }, '/evil.test/x'],
    [{ to: '/', keep_path: true }, { path: '//evil.test/x' }, '/evil.test/x'],
    [{ to: '/', keep_path: true }, { path: '/\\evil.test' }, '/evil.test'],
    [{ to: '/', keep_path: true }, { path: '*' }, '/'],
    [{ to: 'https://b.test', keep_path: true }, { path: '*' }, 'https://b.test'],
  ];
  for (const [args, request, location] of table) {
    it(`sends ${JSON.stringify(request)} with ${JSON.stringify(args)} to ${location}`, () => {
      expect(decide(compileNode(redirect, args), request).plan.answer).to.deep.equal({
        status: 302,
        lines: `Location: ${location}\r\n`,
        body: '',
      });
    });
  }

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ to: 'shop.test' }, '/to'],
    [{ to: 'javascript:alert(1)' }, '/to'],
    [{ to: '//evil.test' }, '/to'],
    [{ to: 'https://${header.x}/' }, '/to'],
    [{ to: '/${nope}' }, '/to'],
    [{ to: '/${host' }, '/to'],
    [{ to: '/\\evil.test' }, '/to'],
    [{ to: 'https://a.test/ä' }, '/to'],
    [{ to: 'https://a.test/\r\nX: y' }, '/to'],
    [{ to: '/a?b', keep_path: true }, '/to'],
    [{ to: '/', status: 304 }, '/status'],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(redirect, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});

describe('rule close', () => {
  ruleContract(close, [{}]);

  it('ends the connection without an answer', () => {
    expect(decide(compileNode(close, {}), {}).plan).to.include({ fault: Fault.CLOSED, upstream: null, answer: null });
    expect(problemsOf(close, { status: 444 }).map(({ at }) => at)).to.deep.equal(['/status']);
  });
});
