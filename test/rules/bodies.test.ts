import { expect } from 'chai';
import { Plan } from '../../lib/routing/plan.ts';
import { requestBody } from '../../rules/request-body.ts';
import { requestMethod } from '../../rules/request-method.ts';
import { responseBody } from '../../rules/response-body.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

describe('rule request-body', () => {
  ruleContract(requestBody, [{}, { body: 'ä${host}', type: 'text/html', next: 'a' }, { json: { a: ['${header.x}'] } }]);

  it('writes another body, with its type, and says nothing of the old one', () => {
    const node = compileNode(requestBody, { json: { who: '${header.x-who}' }, next: 'a' });
    const { edge, plan } = decide(node, { fields: { 'x-who': 'a"b' } });
    expect([edge, plan.body?.toString('utf8')]).to.deep.equal(['next', '{"who":"a\\"b"}\n']);
    expect(plan.setFields).to.deep.equal(['Content-Type', 'application/json']);
    expect(plan.dropFields).to.include('content-encoding');
  });

  it('escapes for the type it says', () => {
    const bodyOf = (type: string): string | undefined =>
      decide(compileNode(requestBody, { body: '${query.v}', type }), {
        query: '?v=%3Cb%3E%20%22',
      }).plan.body?.toString();
    expect(bodyOf('text/html; charset=utf-8')).to.equal('&lt;b&gt; &quot;');
    expect(bodyOf('application/problem+json')).to.equal('\\u003cb> \\"');
    expect(bodyOf('application/x-www-form-urlencoded')).to.equal('%3Cb%3E%20%22');
    expect(bodyOf('text/plain')).to.equal('<b> "');
  });

  for (const [args, at] of [
    [{ body: 'a', json: 1 }, ''],
    [{ body: '${x}' }, '/body'],
    [{ body: 'a', type: 'a\r\nb: c' }, '/type'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(requestBody, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});

describe('rule response-body', () => {
  ruleContract(responseBody, [{}, { body: 'x ${host}', type: 'text/html', next: 'a' }]);

  it('says what the client gets instead', () => {
    const { plan } = decide(compileNode(responseBody, { body: '<p>${host}', type: 'text/html' }), { host: 'a.test' });
    expect(plan.replyBody).to.deep.equal({ type: 'text/html', body: '<p>a.test' });
  });
});

describe('rule request-method', () => {
  ruleContract(requestMethod, [{ method: 'POST', next: 'a' }]);

  it('changes the method for the nodes behind, too, but for HEAD and OPTIONS *', () => {
    const node = compileNode(requestMethod, { method: 'PUT' });
    expect(decide(node, { method: 'GET' }).plan.method).to.equal('PUT');
    expect(decide(node, { method: 'HEAD' }).plan.method).to.equal(null);
    expect(decide(node, { method: 'OPTIONS', path: '*' }).plan.method).to.equal(null);
    const plan = new Plan();
    decide(node, {}, plan);
    decide(compileNode(requestMethod, { method: 'PATCH' }), {}, plan);
    expect(plan.method).to.equal('PATCH');
  });

  for (const method of ['HEAD', 'CONNECT', 'GET /', ''])
    it(`refuses ${JSON.stringify(method)}`, () => {
      expect(problemsOf(requestMethod, { method }).map((problem) => problem.at)).to.deep.equal(['/method']);
    });
});
