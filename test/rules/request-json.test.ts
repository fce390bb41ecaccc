import { expect } from 'chai';
import { requestJson } from '../../rules/request-json.ts';
import { Site, to } from '../fixtures/site.ts';
import { problemsOf, ruleContract } from './contract.ts';

const SET = { user: '${header.X-User}', from: { address: '${client}' } };

describe('rule request-json', () => {
  ruleContract(requestJson, [{ set: SET }, { set: { a: 1 }, max_body: 1, invalid: 'n' }], { isAsync: true });

  const site = new Site();
  afterEach(() => site.close());

  const open = (args: object = {}) =>
    site.open({
      domains: {
        'a.test': {
          json: ['request-json', { set: SET, next: 'server', ...args }],
          server: to('server'),
          other: to('other'),
        },
      },
      servers: ['server', 'other'],
    });
  const json = { 'Content-Type': 'application/json', 'X-User': 'a"},{"b' };
  const USER = '"user":"a\\"},{\\"b","from":{"address":"127.0.0.1"}';

  for (const [body, sent] of [
    ['{}', `{${USER}}`],
    ['{"a":1}', `{"a":1,${USER}}`],
    [' [ {"a":"ö"} , {} ] ', `[{"a":"ö",${USER}},{${USER}}]`],
    ['[]', '[]'],
    ['{"user":"root","a":[1,{"user":2}]}', '{"user":"a\\"},{\\"b","a":[1,{"user":2}],"from":{"address":"127.0.0.1"}}'],
    ['{"user":"root","user":"admin"}', `{${USER}}`],
    ['{"id":12345678901234567890,"b":1.0,"c":1e400}', `{"id":12345678901234567890,"b":1.0,"c":1e400,${USER}}`],
    ['{"__proto__":{"x":1}}', `{"__proto__":{"x":1},${USER}}`],
  ] as const)
    it(`${body} becomes ${sent}`, async () => {
      await open();
      const { got } = await site.ask('POST a.test/x', { fields: { ...json, Digest: 'x=y' }, body });
      expect(got?.body).to.equal(sent);
      expect(got?.fields['content-length']).to.equal(String(Buffer.byteLength(sent)));
      expect([got?.fields['content-type'], got?.fields['digest']]).to.deep.equal(['application/json', undefined]);
    });

  for (const body of ['', 'null', '1', '"a"', '[1]', '[[]]', '{', '{"a":1}x', '\u0000{}', '{"a":01}'])
    it(`${JSON.stringify(body)} is answered 400, or goes to invalid`, async () => {
      await open();
      expect((await site.ask('POST a.test/', { fields: json, body })).status).to.equal(400);
      await site.close();
      await open({ invalid: 'other' });
      expect((await site.ask('POST a.test/', { fields: json, body })).got?.server).to.equal('other');
    });

  it('looks into no body that is compressed, and none beyond its bound', async () => {
    await open({ max_body: 10 });
    const packed = { ...json, 'Content-Encoding': 'gzip' };
    expect((await site.ask('POST a.test/', { fields: packed, body: '{}' })).status).to.equal(400);
    expect((await site.ask('POST a.test/', { fields: json, body: '{"a":"12345"}' })).status).to.equal(413);
    expect(site.got.get('server')).to.deep.equal([]);
  });

  for (const [args, at] of [
    [{}, ''],
    [{ set: {} }, '/set'],
    [{ set: { a: '${x}' } }, '/set'],
    [{ set: { a: 1 }, max_body: 0 }, '/max_body'],
  ] as const)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(requestJson, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
