import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { introspect } from '../../rules/introspect.ts';
import { callingMeans, startCalled, type Called } from '../fixtures/called.ts';
import { compileNode, decideLater, problemsOf, ruleContract } from './contract.ts';

const sending = (token: string) => ({ fields: { authorization: `Bearer ${token}` } });

describe('rule introspect', () => {
  ruleContract(
    introspect,
    [
      { url: 'https://id.test/introspect' },
      {
        url: 'https://id.test/x',
        client_id: 'elb',
        client_secret: 's',
        client_auth: 'post',
        fields: { 'X-User': 'sub' },
      },
    ],
    { isAsync: true },
  );

  const world = callingMeans();
  let issuer: Called;
  before(async () => {
    const claims = { sub: 'ann', scope: 'read write', exp: Math.floor(Date.now() / 1000) + 60 };
    const answers: Record<string, [status: number, body: string]> = {
      good: [200, JSON.stringify({ active: true, ...claims })],
      over: [200, JSON.stringify({ active: true, exp: 1 })],
      bad: [200, '{"active": false}'],
      truthy: [200, '{"active": "true"}'],
      none: [200, '{}'],
      list: [200, '[true]'],
      html: [200, '<html>'],
      broken: [500, '{"active": true}'],
      moved: [302, '{"active": true}'],
      huge: [200, `{"active": true, "x": "${'x'.repeat(100_000)}"}`],
    };
    issuer = await startCalled(({ body }, response) => {
      const token = new URLSearchParams(body).get('token') ?? '';
      const [status, text] = answers[token.split('.')[0] ?? ''] ?? [200, '{"active": false}'];
      if (token === 'silent') return;
      response.statusCode = status;
      response.setHeader('Location', '/');
      response.end(text);
    });
  });
  after(async () => {
    await issuer.stop();
    await world.stop();
  });
  beforeEach(() => {
    issuer.heard.length = 0;
  });
  const node = (args: object = {}) =>
    compileNode(introspect, { url: `${issuer.url}/i?x=1`, ...args }, { means: world.means });

  it('lets in an active token, and tells the server what its issuer says', async () => {
    const fields = { 'X-Authenticated-Userid': 'sub', 'X-Authenticated-Scope': 'scope' };
    const { edge, plan } = await decideLater(node({ fields }), sending('good'));
    expect(edge).to.equal('next');
    expect(plan.setFields).to.deep.equal(['X-Authenticated-Userid', 'ann', 'X-Authenticated-Scope', 'read write']);
    expect(issuer.heard[0]).to.include({
      method: 'POST',
      url: '/i?x=1',
      body: 'token=good&token_type_hint=access_token',
    });
  });

  it('says who asks, in either way', async () => {
    const who = { client_id: 'a b', client_secret: 's:é' };
    await decideLater(node(who), sending('good'));
    await decideLater(node({ ...who, client_auth: 'post' }), sending('good'));
    const [basic, post] = issuer.heard;
    const pair = Buffer.from(basic?.headers.authorization?.slice(6) ?? '', 'base64').toString();
    expect(pair).to.equal('a+b:s%3A%C3%A9');
    expect(Object.fromEntries(new URLSearchParams(post?.body))).to.include({ client_id: 'a b', client_secret: 's:é' });
  });

  for (const token of ['bad', 'over', 'unknown'])
    it(`answers 401 to a token that is ${token}`, async () => {
      expect((await decideLater(node(), sending(token))).plan.answer?.status).to.equal(401);
    });

  for (const token of ['truthy', 'none', 'list', 'html', 'broken', 'moved', 'huge', 'silent'])
    it(`answers 503 where the issuer's answer is ${token}`, async () => {
      const { edge, plan } = await decideLater(node({ timeout: '200ms' }), sending(token));
      expect([edge, plan.fault]).to.deep.equal([null, Fault.UNVERIFIED]);
    });

  it('answers 503 where nobody listens', async () => {
    const gone = await startCalled(() => undefined);
    await gone.stop();
    const { plan } = await decideLater(node({ url: gone.url }), sending('good'));
    expect(plan.fault).to.equal(Fault.UNVERIFIED);
  });

  it('asks once for requests with one token at a time, and for those that follow', async () => {
    const one = node();
    const many = await Promise.all([1, 2, 3, 4].map(() => decideLater(one, sending('good'))));
    expect(many.map(({ edge }) => edge)).to.deep.equal(['next', 'next', 'next', 'next']);
    expect((await decideLater(one, sending('good'), new Plan(), { isNow: true })).edge).to.equal('next');
    await decideLater(one, sending('bad'));
    await decideLater(one, sending('bad'));
    expect(issuer.heard.map(({ body }) => body.split('&')[0])).to.deep.equal(['token=good', 'token=bad']);
  });

  it('holds claims to what they have to be, and asks nobody without a token', async () => {
    expect((await decideLater(node({ require: { scope: ['write'] } }), sending('good'))).edge).to.equal('next');
    expect((await decideLater(node({ require: { scope: ['admin'] } }), sending('good'))).plan.answer?.status).to.equal(
      403,
    );
    issuer.heard.length = 0;
    expect((await decideLater(node({ denied: 'x' }), {})).edge).to.equal('denied');
    expect(issuer.heard).to.have.length(0);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ url: 'id.test' }, '/url'],
    [{ url: 'https://id.test', client_secret: 's' }, '/client_id'],
    [{ url: 'https://id.test', timeout: 'x' }, '/timeout'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(introspect, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
