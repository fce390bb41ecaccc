import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { bearer } from '../../rules/bearer.ts';
import { key } from '../../rules/key.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const digest = (secret: string): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`;
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('rule bearer', () => {
  const tokens = { deploy: digest('s3cr3t-t0ken'), other: digest('other') };
  ruleContract(bearer, [
    { tokens },
    { tokens, as_password: true, fields: { 'X-Client': 'name' }, remove: false, denied: 'x' },
  ]);

  const fits: readonly (readonly [authorization: string | null, plain: boolean, asPassword: boolean])[] = [
    ['Bearer s3cr3t-t0ken', true, true],
    ['bearer s3cr3t-t0ken', true, true],
    ['BEARER   s3cr3t-t0ken', true, true],
    ['Bearer other', true, true],
    [basic('', 's3cr3t-t0ken'), false, true],
    [basic('x', 's3cr3t-t0ken'), false, true],
    [basic('y', 's3cr3t-t0ken'), false, false],
    [basic('s3cr3t-t0ken', ''), false, false],
    [basic('x', 's3cr3t-t0ken '), false, false],
    [null, false, false],
    ['', false, false],
    ['Bearer', false, false],
    ['Bearer ', false, false],
    ['Bearers3cr3t-t0ken', false, false],
    ['Bearer s3cr3t-t0ke', false, false],
    ['Bearer s3cr3t-t0kenn', false, false],
    ['Bearer S3cr3t-t0ken', false, false],
    ['Bearer s3cr3t-t0ken, Bearer s3cr3t-t0ken', false, false],
    ['Token s3cr3t-t0ken', false, false],
    [`Bearer ${tokens.deploy}`, false, false],
  ];
  for (const [authorization, plain, asPassword] of fits) {
    it(`${JSON.stringify(authorization)}: ${plain}, as password ${asPassword}`, () => {
      const request: RequestParts = authorization === null ? {} : { fields: { authorization } };
      const edges = [{}, { as_password: true }].map(
        (args) => decide(compileNode(bearer, { tokens, ...args }), request).edge,
      );
      expect(edges).to.deep.equal([plain ? 'next' : null, asPassword ? 'next' : null]);
    });
  }

  it('knows a token that comes again, and still no other', () => {
    const node = compileNode(bearer, { tokens });
    for (let i = 0; i < 3; i++) {
      expect(decide(node, { fields: { authorization: 'Bearer other' } }).plan.claims).to.deep.equal({ sub: 'other' });
      expect(decide(node, { fields: { authorization: 'Bearer othe' } }).edge).to.equal(null);
      expect(decide(node, { fields: { authorization: 'bearer s3cr3t-t0ken' } }).plan.claims).to.deep.equal({
        sub: 'deploy',
      });
    }
  });

  it('keeps the token from the server and tells it the name', () => {
    const node = compileNode(bearer, { tokens, fields: { 'X-Client': 'name' } });
    const { plan } = decide(node, { fields: { authorization: 'Bearer other', 'x-client': 'root' } });
    expect(plan.dropFields).to.include('authorization');
    expect(plan.setFields).to.deep.equal(['X-Client', 'other']);
    expect(plan.guardedFields).to.deep.equal(['x-client']);
    expect(plan.claims).to.deep.equal({ sub: 'other' });
  });

  it('answers 401 with the words of its realm', () => {
    const realm = 'Use Authorization: Bearer or provide it as password';
    const { plan } = decide(compileNode(bearer, { tokens, as_password: true, realm }), {});
    expect(plan.answer?.status).to.equal(401);
    expect(plan.answer?.lines).to.include(`WWW-Authenticate: Basic realm="${realm}"\r\n`);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ tokens: {} }, '/tokens'],
    [{ tokens: { a: 'secret' } }, '/tokens/a'],
    [{ tokens: { a: digest('x'), b: digest('x') } }, '/tokens/b'],
    [{ tokens, fields: { 'X-A': 'user' } }, '/fields/X-A'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(bearer, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});

describe('rule key', () => {
  const keys = { shop: digest('k-shop'), partner: digest('c3VwZXJzZWNyZXQ=') };
  ruleContract(key, [
    { keys },
    { keys, query: 'key', remove: false },
    { keys, cookie: 'key', header: 'X-Key', status: 403, fields: { 'X-Consumer': 'name' }, denied: 'guests' },
  ]);

  const cases: readonly (readonly [args: object, request: RequestParts, name: string | null])[] = [
    [{}, { fields: { 'x-api-key': 'k-shop' } }, 'shop'],
    [{}, { fields: { 'x-api-key': 'k-sho' } }, null],
    [{}, { fields: { 'x-api-key': '' } }, null],
    [{}, { fields: { 'x-api-key': 'k-shop, k-shop' } }, null],
    [{}, {}, null],
    [{}, { query: '?key=k-shop' }, null],
    [{ query: 'key' }, { query: '?a=1&key=k-shop' }, 'shop'],
    [{ query: 'key' }, { query: '?key=k-sho%70' }, 'shop'],
    [{ query: 'key' }, { fields: { 'x-api-key': 'k-shop' } }, null],
    [{ cookie: 'key' }, { fields: { cookie: 'a=1; key=k-shop' } }, 'shop'],
    [{ header: 'X-Key', cookie: 'key' }, { fields: { 'x-key': 'wrong', cookie: 'key=k-shop' } }, null],
    [{ header: 'X-ROUTING-API-KEY' }, { fields: { 'x-routing-api-key': 'c3VwZXJzZWNyZXQ=' } }, 'partner'],
    [{ header: 'X-ROUTING-API-KEY' }, { fields: { 'x-routing-api-key': 'supersecret' } }, null],
  ];
  for (const [args, request, name] of cases) {
    it(`${JSON.stringify(args)} ${JSON.stringify(request)}: ${name}`, () => {
      const { edge, plan } = decide(compileNode(key, { keys, ...args }), request);
      expect([edge, plan.claims]).to.deep.equal(name === null ? [null, null] : ['next', { sub: name }]);
    });
  }

  it('keeps the key from the server, in whatever spelling it came', () => {
    const query = decide(compileNode(key, { keys, query: 'key' }), { query: '?a=1&k%65y=k-shop&b' });
    expect(query.plan.query).to.equal('?a=1&b');
    const field = decide(compileNode(key, { keys }), { fields: { 'x-api-key': 'k-shop' } });
    expect(field.plan.dropFields).to.include('x-api-key');
    const kept = decide(compileNode(key, { keys, query: 'key', remove: false }), { query: '?key=k-shop' });
    expect(kept.plan.query).to.equal(null);
  });

  it('answers 403 where it is told to, and goes to denied where there is such an edge', () => {
    expect(decide(compileNode(key, { keys, status: 403 }), {}).plan.answer?.status).to.equal(403);
    expect(decide(compileNode(key, { keys, denied: 'guests' }), {}).edge).to.equal('denied');
  });
});
