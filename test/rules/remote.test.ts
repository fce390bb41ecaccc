import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { remote } from '../../rules/remote.ts';
import { callingMeans, startCalled, type Called } from '../fixtures/called.ts';
import { compileNode, decideLater, problemsOf, ruleContract } from './contract.ts';

describe('rule remote', () => {
  ruleContract(remote, [{ url: 'http://filter.test/' }, { url: 'http://filter.test/', body: true, failed: 'x' }], {
    isAsync: true,
  });

  const world = callingMeans();
  let program: Called;
  let says: readonly [status: number, body: unknown] = [200, {}];
  before(async () => {
    program = await startCalled((_heard, response) => {
      if (says[0] === 0) return;
      response.statusCode = says[0];
      response.end(typeof says[1] === 'string' ? says[1] : JSON.stringify(says[1]));
    });
  });
  after(async () => {
    await program.stop();
    await world.stop();
  });
  beforeEach(() => {
    program.heard.length = 0;
  });
  const request = {
    method: 'POST',
    path: '/a',
    query: '?q=1',
    fields: { host: 'a.test', 'x-a': '1', 'content-length': '4', 'x-n': Buffer.from('é').toString('latin1') },
    body: 'body',
  };
  const ask = (status: number, body: unknown, args: object = {}) => {
    says = [status, body];
    return decideLater(
      compileNode(remote, { url: `${program.url}/f`, timeout: '300ms', ...args }, { means: world.means }),
      request,
    );
  };

  it('tells the program of the request, with its body only where it is told to', async () => {
    await ask(200, {});
    await ask(200, {}, { body: true });
    const [without, whole] = program.heard.map(({ body }) => JSON.parse(body).request);
    expect(whole).to.deep.equal({
      realIP: '127.0.0.1',
      method: 'POST',
      scheme: 'http',
      host: 'a.test',
      path: '/a',
      query: 'q=1',
      fragment: '',
      proto: 'HTTP/1.1',
      header: { host: ['a.test'], 'x-a': ['1'], 'content-length': ['4'], 'x-n': ['é'] },
      body: Buffer.from('body').toString('base64'),
    });
    expect(without.body).to.equal('');
  });

  it('does what it says: method, path, query, fields and body', async () => {
    const edits = {
      method: 'PUT',
      path: '/b/../c',
      query: 'x=2',
      header: { 'X-B': ['1', 'é'], host: ['b.test'], Connection: ['close'] },
      body: Buffer.from('new').toString('base64'),
    };
    const { edge, plan } = await ask(200, { request: edits });
    expect(edge).to.equal('next');
    expect([plan.method, plan.path, plan.query, plan.body?.toString()]).to.deep.equal(['PUT', '/c', '?x=2', 'new']);
    expect(plan.setFields).to.deep.equal(['X-B', '1', 'X-B', Buffer.from('é').toString('latin1'), 'host', 'b.test']);
    expect(plan.dropFields).to.deep.equal(['x-a', 'x-n']);
  });

  it('leaves as it is what the program does not name', async () => {
    for (const body of ['', {}, { request: null }, { request: {} }]) {
      const { edge, plan } = await ask(200, body);
      expect(edge).to.equal('next');
      expect([plan.method, plan.path, plan.query, plan.body, plan.setFields, plan.dropFields]).to.deep.equal([
        null,
        null,
        null,
        null,
        [],
        [],
      ]);
    }
  });

  it('gives the client the response that the program gives', async () => {
    const response = {
      statusCode: 418,
      header: { 'X-A': ['1', '2'], 'Content-Length': ['9'] },
      body: Buffer.from('tea').toString('base64'),
    };
    const { edge, plan } = await ask(200, { response });
    expect([edge, plan.answer]).to.deep.equal([null, { status: 418, lines: 'X-A: 1\r\nX-A: 2\r\n', body: 'tea' }]);
    expect((await ask(205, {})).plan.answer?.status).to.equal(200);
  });

  const failing: readonly (readonly [what: string, status: number, body: unknown])[] = [
    ['500', 500, {}],
    ['302', 302, {}],
    ['no answer', 0, {}],
    ['no JSON', 200, '{'],
    ['a list', 200, []],
    ['a path with a query', 200, { request: { path: '/a?b' } }],
    ['a path with a line end', 200, { request: { path: '/a\r\nX: 1' } }],
    ['a path that two readers could read in two ways', 200, { request: { path: '/a/..%2fb' } }],
    ['a method that is none', 200, { request: { method: 'GET /' } }],
    ['a query with a blank', 200, { request: { query: 'a b' } }],
    ['a field with a line end', 200, { request: { header: { 'X-A': ['1\r\nX-B: 2'] } } }],
    ['a name that is none', 200, { request: { header: { 'X A': ['1'] } } }],
    ['two hosts', 200, { request: { header: { Host: ['a', 'b'] } } }],
    ['a value that is a number', 200, { request: { header: { 'X-A': [1] } } }],
    ['a body that is no base64', 200, { request: { body: '%' } }],
    ['a status that is none', 200, { response: { statusCode: 99 } }],
    ['a status of 101', 200, { response: { statusCode: 101 } }],
    ['a response with a line end', 200, { response: { header: { 'X-A': 'a\nb' } } }],
    ['too much', 200, { x: 'x'.repeat(200_000) }],
  ];
  for (const [what, status, body] of failing) {
    it(`answers 503, or goes to failed, with ${what}, and changes nothing`, async () => {
      const { edge, plan } = await ask(status, body);
      expect([edge, plan.fault, plan.answer]).to.deep.equal([null, Fault.REMOTE_FAILED, null]);
      const other = await ask(status, body, { failed: 'x' });
      expect(other.edge).to.equal('failed');
      expect([other.plan.path, other.plan.method, other.plan.setFields]).to.deep.equal([null, null, []]);
    });
  }

  it('gives the program no body beyond its bound', async () => {
    const { plan } = await ask(200, {}, { body: true, max_body: 3 });
    expect(plan.fault).to.equal(Fault.BODY_TOO_LARGE);
    expect(program.heard).to.have.length(0);
  });

  it('refuses bad args', () => {
    expect(problemsOf(remote, {}).map(({ at }) => at)).to.deep.equal(['']);
    expect(problemsOf(remote, { url: 'x' }).map(({ at }) => at)).to.deep.equal(['/url']);
    expect(problemsOf(remote, { url: 'http://a.test', timeout: '' }).map(({ at }) => at)).to.deep.equal(['/timeout']);
  });
});
