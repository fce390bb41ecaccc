import { expect } from 'chai';
import * as fc from 'fast-check';
import { IDLE_MEANS, type Means } from '../../lib/routing/means.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { Where } from '../../lib/routing/template-escape.ts';
import { wholeText, type LateText } from '../../lib/routing/late-text.ts';
import { compileReplyTemplate, compileTemplate } from '../../lib/routing/template.ts';
import { TestRequest, type RequestParts } from './test-request.ts';

const means: Means = { ...IDLE_MEANS, variable: (name) => (name === 'REGION' ? 'eu-1' : null) };

function render(
  text: string,
  where: Where,
  parts: RequestParts = {},
  prepare: (plan: Plan) => void = () => {},
): string {
  const problems: string[] = [];
  const template = compileTemplate(text, where, means, (msg) => problems.push(msg));
  expect(problems).to.deep.equal([]);
  const plan = new Plan();
  prepare(plan);
  return template.render(new TestRequest(plan, parts), plan);
}

describe('templates', () => {
  const captures = (plan: Plan): void => {
    plan.capture(/^\/t\/(?<tenant>[^/]+)/.exec('/t/ac%20me/users/7') ?? fail());
    plan.capture(/\/users\/(?<id>\d+)/.exec('/t/acme/users/7') ?? fail());
    plan.claims = { sub: 'ann', role: { of: ['a'] }, n: 7, __proto__: { hidden: 1 } };
  };
  const parts: RequestParts = {
    host: 'a.test',
    path: '/t/ac%20me/users/7',
    query: '?page=2&q=a+b%26c&e=%C3%A4',
    method: 'POST',
    clientAddress: '192.0.2.7',
    peerAddress: '10.0.0.1',
    fields: { 'x-a': 'va"l<ue', cookie: 'c=1; d="x"', 'x-utf': '\xc3\xa4' },
  };
  const table: readonly (readonly [text: string, where: Where, result: string])[] = [
    ['plain', 'text', 'plain'],
    ['ä', 'text', '\xc3\xa4'],
    ['a$$b $ $5', 'text', 'a$b $ $5'],
    ['a$', 'text', 'a$'],
    ['${host} ${method} ${client} ${peer} ${scheme}', 'header', 'a.test POST 192.0.2.7 10.0.0.1 http'],
    ['${path}', 'header', '/t/ac me/users/7'],
    ['${path}', 'path', '/t/ac%20me/users/7'],
    ['/x/${param.tenant}/${param.id}', 'path', '/x/ac%20me/7'],
    ['${param.tenant}', 'json', 'ac me'],
    ['${1} ${0}', 'header', '7 /users/7'],
    ['${2}', 'header', ''],
    ['${header.X-A}', 'header', 'va"l<ue'],
    ['{"a":"${header.X-A}"}', 'json', '{"a":"va\\"l\\u003cue"}'],
    ['<b>${header.x-a}</b>', 'html', '<b>va&quot;l&lt;ue</b>'],
    ['${header.x-a}', 'path', 'va%22l%3Cue'],
    ['${cookie.c}${cookie.none|no}', 'header', '1no'],
    ['q=${query.q}', 'query', 'q=a%20b%26c'],
    ['${query}', 'query', 'page=2&q=a+b%26c&e=%C3%A4'],
    ['${query.q}', 'header', 'a b&c'],
    ['${query.e}${header.x-utf}', 'header', '\xc3\xa4\xc3\xa4'],
    ['${query.e}${header.x-utf}', 'query', '%C3%A4%C3%A4'],
    ['${query.none|ä b}', 'query', '%C3%A4%20b'],
    ['${claim.sub} ${claim.role.of} ${claim.n} ${claim.hidden|-} ${claim.sub.length|-}', 'text', 'ann ["a"] 7 - -'],
    ['https://${host}', 'host', 'https://a.test'],
    ['${env.REGION}${env.ETCD_PASSWORD}', 'header', 'eu-1'],
    ['${cert.subject|none}', 'header', 'none'],
  ];
  for (const [text, where, result] of table) {
    it(`${JSON.stringify(text)} in a ${where}`, () => {
      expect(render(text, where, parts, captures)).to.equal(result);
    });
  }

  it('reads the certificate of a client', () => {
    const certificate = {
      verified: true,
      problem: '',
      subject: 'CN=ann,O=Ä',
      issuer: 'CN=ca',
      serial: '0A',
      fingerprint: 'ab',
      names: ['DNS:a', 'DNS:b'],
      notAfter: 0,
      der: '',
    };
    const tls = {
      version: 'TLSv1.3',
      serverName: '',
      cipher: '',
      alpn: '',
      resumed: false,
      asked: true,
      policy: '',
      certificate,
    };
    const text =
      '${cert.subject};${cert.issuer};${cert.serial};${cert.fingerprint};${cert.names};${cert.verified};${scheme}';
    expect(render(text, 'header', { tls })).to.equal('CN=ann,O=\xc3\x84;CN=ca;0A;ab;DNS:a, DNS:b;true;https');
  });

  const bad: readonly (readonly [text: string, where: Where, msg: RegExp])[] = [
    ['${host', 'text', /without }/],
    ['${}', 'text', /not one of host, path/],
    ['${header.}', 'text', /not one of/],
    ['${toString}', 'text', /not one of/],
    ['${__proto__.x}', 'text', /not one of/],
    ['${constructor.name}', 'text', /not one of/],
    ['${cert.key}', 'text', /a certificate has subject/],
    ['${reply.status}', 'header', /no reply yet/],
    ['https://${header.x}', 'host', /in the host of a URL/],
    ['https://${param.x}', 'host', /in the host of a URL/],
  ];
  for (const [text, where, msg] of bad) {
    it(`refuses ${text} in a ${where}`, () => {
      const problems: string[] = [];
      compileTemplate(text, where, IDLE_MEANS, (problem) => problems.push(problem));
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(msg);
    });
  }

  it('refuses a member of a body without a name', () => {
    for (const text of [
      '${reply.body.}',
      '${reply.body.a..b}',
      '${asked.x}',
      '${asked.x.body.}',
      '${asked.x.status.y}',
    ]) {
      const problems: string[] = [];
      compileReplyTemplate(text, 'header', IDLE_MEANS, (problem) => problems.push(problem));
      expect(problems, text).to.have.length(1);
    }
  });

  it('refuses what a reply does not have', () => {
    for (const text of ['${reply.text}', '${reply.header.}', '${reply.}', '${reply.status.x}', '${reply.bodyx}']) {
      const problems: string[] = [];
      compileReplyTemplate(text, 'header', IDLE_MEANS, (problem) => problems.push(problem));
      expect(problems.join(), text).to.match(
        /of a reply there are reply.status, reply.tries, reply.header.NAME, reply.body/,
      );
    }
  });

  it('let no value of a reply leave its place, whatever it is', () => {
    const template = (where: Where): LateText =>
      compileReplyTemplate('${host}${reply.header.X-V|-}', where, IDLE_MEANS, () => fail()).begin(
        new TestRequest(new Plan(), { host: 'h' }),
        new Plan(),
      );
    const [field, page] = [template('header'), template('html')];
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const reply = { status: 200, get: () => Buffer.from(text, 'utf8').toString('latin1') };
        expect(wholeText(field, reply)).not.to.match(/[\0-\x08\x0a-\x1f\x7f]/);
        expect(wholeText(page, reply)).not.to.match(/[<>"']/);
      }),
      { numRuns: 100 },
    );
    expect(wholeText(field, { status: 200, get: () => null })).to.equal('h-');
  });

  it('let no value leave its place, whatever it is', () => {
    const value = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(value, value, (text, bytes) => {
        const latin1 = Buffer.from(bytes, 'utf8').toString('latin1');
        const query = `?v=${encodeURIComponent(text.toWellFormed())}`;
        const given = { query, fields: { 'x-v': latin1 } };
        for (const name of ['query.v', 'header.x-v']) {
          expect(render(`\${${name}}`, 'header', given)).not.to.match(/[\0-\x08\x0a-\x1f\x7f]/);
          expect(render(`\${${name}}`, 'path', given)).to.match(/^[\w.~%-]*$/);
          expect(render(`\${${name}}`, 'query', given)).to.match(/^[\w.~%-]*$/);
          expect(render(`\${${name}}`, 'html', given)).not.to.match(/[<>"']/);
          const json = Buffer.from(render(`{"v":"\${${name}}"}`, 'json', given), 'latin1').toString('utf8');
          expect(JSON.parse(json)).to.have.all.keys('v');
        }
      }),
      { numRuns: 50 },
    );
  });
});

function fail(): never {
  throw new Error('does not match');
}
