import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { forwardAuth } from '../../rules/forward-auth.ts';
import { callingMeans, startCalled, type Called } from '../fixtures/called.ts';
import { compileNode, decideLater, problemsOf, ruleContract } from './contract.ts';

describe('rule forward-auth', () => {
  ruleContract(
    forwardAuth,
    [
      { url: 'http://auth.test/' },
      { url: 'http://auth.test/', send: ['Cookie'], fields: { 'X-User': 'X-Auth' }, pass: ['Location'], cache: '1m' },
    ],
    { isAsync: true },
  );

  const world = callingMeans();
  let program: Called;
  before(async () => {
    program = await startCalled(({ headers }, response) => {
      const said = headers.cookie ?? '';
      if (said === 'silent') return;
      response.statusCode = Number(said.slice(0, 3)) || 200;
      response.setHeader('X-Auth-User', ['ann', 'b']);
      response.setHeader('Location', 'https://login.test/');
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.setHeader('X-Secret', 'x');
      response.setHeader('Content-Type', 'text/html');
      response.end(said.length > 3 ? 'x'.repeat(100_000) : 'log in');
    });
  });
  after(async () => {
    await program.stop();
    await world.stop();
  });
  beforeEach(() => {
    program.heard.length = 0;
  });
  const node = (args: object = {}) =>
    compileNode(
      forwardAuth,
      { url: `${program.url}/check?a=1`, send: ['Cookie', 'X-Forwarded-Uri'], ...args },
      { means: world.means },
    );
  const sending = (cookie: string, more: Record<string, string> = {}) => ({
    method: 'POST',
    path: '/a/b',
    query: '?q=1',
    fields: { cookie, authorization: 'Basic x', ...more },
  });

  it('tells the program what was asked for, and of the fields those that are named', async () => {
    const { edge } = await decideLater(node({ send: ['Cookie'] }), sending('200'));
    expect(edge).to.equal('next');
    const [heard] = program.heard;
    expect(heard).to.include({ method: 'GET', url: '/check?a=1', body: '' });
    expect(heard?.headers).to.include({
      cookie: '200',
      'x-forwarded-method': 'POST',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'a.test',
      'x-forwarded-uri': '/a/b?q=1',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(heard?.headers).to.not.have.property('authorization');
  });

  it('tells the server what the program says of the client, whatever the client says', async () => {
    const fields = { 'X-User': 'X-Auth-User', 'X-None': 'X-None' };
    const { plan } = await decideLater(node({ fields }), sending('200', { 'x-user': 'root', x_none: '1' }));
    expect(plan.setFields).to.deep.equal(['X-User', 'ann, b']);
    expect(plan.guardedFields).to.deep.equal(['x-user', 'x-none']);
  });

  for (const status of [302, 401, 403, 404])
    it(`gives the client an answer of ${status}, with the fields that are named`, async () => {
      const { edge, plan } = await decideLater(node({ pass: ['Location', 'Set-Cookie'] }), sending(String(status)));
      expect([edge, plan.answer?.status, plan.answer?.body]).to.deep.equal([null, status, 'log in']);
      expect(plan.answer?.lines).to.equal(
        'Content-Type: text/html\r\nLocation: https://login.test/\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n',
      );
    });

  it('goes to denied where the document has it', async () => {
    expect((await decideLater(node({ denied: 'x' }), sending('401'))).edge).to.equal('denied');
  });

  for (const said of ['500', '503', 'silent', '200 huge'])
    it(`answers 503 where the program's answer is ${said}`, async () => {
      const { edge, plan } = await decideLater(node({ timeout: '200ms', denied: 'x' }), sending(said));
      expect([edge, plan.fault]).to.deep.equal([null, Fault.UNVERIFIED]);
    });

  it('asks again for every request, unless it is told how long an answer holds', async () => {
    const always = node();
    const cached = node({ cache: '1m' });
    for (let i = 0; i < 3; i++) await decideLater(always, sending('200'));
    expect(program.heard).to.have.length(3);
    for (let i = 0; i < 3; i++) await decideLater(cached, sending('200'));
    await decideLater(cached, { ...sending('200'), path: '/other' });
    for (let i = 0; i < 2; i++) await decideLater(cached, sending('403'));
    expect(program.heard).to.have.length(7);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ url: '/check' }, '/url'],
    [{ url: 'http://a.test', send: ['Transfer-Encoding'] }, '/send/0'],
    [{ url: 'http://a.test', pass: ['a b'] }, '/pass/0'],
    [{ url: 'http://a.test', fields: { Host: 'X' } }, '/fields/Host'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(forwardAuth, args).map((problem) => problem.at)).to.include(at);
    });
});
