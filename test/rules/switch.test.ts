import { expect } from 'chai';
import { switchRule } from '../../rules/switch.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const cases = [
  { exact: ['acme', 'apex'], to: 'large' },
  { prefix: 'test-', to: 'sandbox' },
  { prefix: 'test-eu-', to: 'europe' },
  { pattern: '^t\\d+$', to: 'numbered' },
  { pattern: '^t', to: 'lettered' },
  { exact: 'test-1', to: 'one' },
];

describe('rule switch', () => {
  ruleContract(switchRule, [
    { on: { header: 'X-Tenant' }, cases, default: 'unknown' },
    { on: 'path', cases: [{ prefix: '/blog', to: null }] },
    { on: { query: 'v' }, cases: [{ pattern: '.' }] },
    { on: { cookie: 'user-agent' }, cases: [{ exact: '', to: 'a' }] },
  ]);

  const table: readonly (readonly [value: string | null, edge: string])[] = [
    ['acme', 'cases/0/to'],
    ['apex', 'cases/0/to'],
    ['ACME', 'default'],
    ['test-x', 'cases/1/to'],
    ['test-eu-x', 'cases/2/to'],
    ['test-1', 'cases/5/to'],
    ['t12', 'cases/3/to'],
    ['tx', 'cases/4/to'],
    ['other', 'default'],
    ['', 'default'],
    ['__proto__', 'default'],
    [null, 'default'],
  ];
  for (const [value, edge] of table) {
    it(`goes ${edge} for ${JSON.stringify(value)}`, () => {
      const node = compileNode(switchRule, { on: { header: 'X-Tenant' }, cases, default: 'unknown' });
      expect(decide(node, { fields: value === null ? {} : { 'x-tenant': value } }).edge).to.equal(edge);
    });
  }

  const values: readonly (readonly [on: unknown, request: RequestParts])[] = [
    ['host', { host: 'wanted' }],
    ['path', { path: 'wanted' }],
    ['method', { method: 'wanted' }],
    ['client', { clientAddress: 'wanted' }],
    [{ header: 'A' }, { fields: { a: 'wanted' } }],
    [{ cookie: 'a' }, { fields: { cookie: 'b=1; a=wanted' } }],
    [{ query: 'a' }, { query: '?b=1&a=wanted&a=2' }],
  ];
  for (const [on, request] of values) {
    it(`goes by ${JSON.stringify(on)}`, () => {
      const node = compileNode(switchRule, { on, cases: [{ exact: 'wanted', to: 'a' }] });
      expect(decide(node, request).edge).to.equal('cases/0/to');
    });
  }

  const bad: readonly (readonly [args: Record<string, unknown>, at: readonly string[]])[] = [
    [{ cases }, ['']],
    [{ on: 'host', cases: [] }, ['/cases']],
    [{ on: 'host', cases: [{ to: 'a' }] }, ['/cases/0']],
    [{ on: 'host', cases: [{ exact: 'a', prefix: 'b' }] }, ['/cases/0']],
    [{ on: 'host', cases: [{ exact: 'a' }, { exact: ['b', 'a'] }] }, ['/cases/1/exact']],
    [{ on: 'host', cases: [{ pattern: '(?=a)' }] }, ['/cases/0/pattern']],
    [{ on: 'host', cases: [{ exact: 'a', too: 'b' }] }, ['/cases/0/too']],
  ];
  for (const [args, at] of bad) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(switchRule, args).map((problem) => problem.at)).to.deep.equal(at);
    });
  }
});
