import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { startCalled, type Called } from '../fixtures/called.ts';
import { Site, to } from '../fixtures/site.ts';

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Tokens as somebody makes them who wants to be let in and has no key. */
describe('forged tokens', () => {
  const site = new Site();
  let issuer: Called;
  let evil: Called;
  let key: CryptoKey;
  let pem = '';
  let jwk = {};
  const claims = { sub: 'root', exp: 9_999_999_999 };

  before(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    key = pair.privateKey;
    pem = await exportSPKI(pair.publicKey);
    jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', use: 'sig' };
    issuer = await startCalled((_heard, response) => void response.end(JSON.stringify({ keys: [jwk] })));
    evil = await startCalled((_heard, response) => void response.end('{"keys":[]}'));
  });
  after(async () => {
    await issuer.stop();
    await evil.stop();
  });
  afterEach(() => site.close());

  const open = (args: object = {}) =>
    site.open({
      domains: {
        'a.test': {
          jwt: ['jwt', { jwks_url: issuer.url, cookie: 'auth', fields: { 'X-User': 'sub' }, next: 'server', ...args }],
          server: to('server'),
        },
      },
      servers: ['server'],
    });
  const ask = (token: string) => site.ask('GET a.test/', { fields: { Authorization: `Bearer ${token}` } });
  const signed = (header: object, payload: object = claims, by: CryptoKey = key): Promise<string> =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(by);
  const unsigned = (header: object, payload: unknown = claims): string => `${encoded(header)}.${encoded(payload)}.`;
  const hmac = (header: object, secret: string): string => {
    const head = `${encoded(header)}.${encoded(claims)}`;
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
  };

  it('a good one is let in, or else nothing of this would mean anything', async () => {
    await open();
    const { status, got } = await ask(await signed({}));
    expect([status, got?.fields['x-user']]).to.deep.equal([200, 'root']);
  });

  it('without a signature, in every spelling of none', async () => {
    await open();
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined, 0, [], ['RS256', 'none']])
      for (const token of [unsigned({ alg, kid: 'one' }), unsigned({ alg, kid: 'one' }).slice(0, -1)])
        expect((await ask(token)).status, String(alg)).to.equal(401);
  });

  it('with the public key as a secret', async () => {
    for (const args of [{}, { jwks_url: undefined, jwks: { keys: [jwk] } }, { jwks_url: undefined, public_key: pem }]) {
      await open(args);
      for (const secret of [pem, pem.trim(), JSON.stringify(jwk), JSON.stringify({ keys: [jwk] }), ''])
        for (const alg of ['HS256', 'RS256', 'hs256'])
          expect((await ask(hmac({ alg, kid: 'one' }, secret))).status).to.equal(401);
      await site.close();
    }
  });

  it('with a key of their own, in the token or at a URL that it names: nobody is asked there', async () => {
    await open();
    const own = await generateKeyPair('RS256', { extractable: true });
    const ownJwk = { ...(await exportJWK(own.publicKey)), kid: 'one' };
    for (const header of [
      { jwk: ownJwk },
      { jku: evil.url },
      { x5u: evil.url },
      { x5c: ['AAAA'] },
      { kid: evil.url },
      { kid: 'one' },
      {},
    ])
      expect((await ask(await signed(header, claims, own.privateKey))).status, JSON.stringify(header)).to.equal(401);
    expect(evil.heard).to.have.length(0);
  });

  it('with names of keys that mean something elsewhere; the issuer is not asked for each', async () => {
    await open();
    issuer.heard.length = 0;
    for (const kid of [
      '../../dev/null',
      "' or 1=1 --",
      '__proto__',
      'constructor',
      'x'.repeat(4000),
      '\u0000',
      '%00',
      '*',
      7,
      [],
      {},
    ])
      expect((await ask(unsigned({ alg: 'RS256', kid }) + 'AAAA')).status, String(kid)).to.equal(401);
    expect(issuer.heard.length).to.be.at.most(1);
  });

  it('with words in the head that have to be understood, or change what is signed', async () => {
    await open();
    const token = await signed({});
    const [, payload, signature] = token.split('.');
    for (const header of [
      { alg: 'RS256', kid: 'one', crit: ['exp'] },
      { alg: 'RS256', kid: 'one', crit: ['b64'], b64: false },
      { alg: 'RS256', kid: 'one', b64: false },
      { alg: 'PS256', kid: 'one' },
      { alg: 'RS512', kid: 'one' },
      { alg: 'ES256', kid: 'one' },
      { alg: 'EdDSA', kid: 'one' },
    ])
      expect((await ask(`${encoded(header)}.${payload}.${signature}`)).status, JSON.stringify(header)).to.equal(401);
  });

  it('of another kind than is asked for: what says who has logged in lets nobody in elsewhere', async () => {
    await open({ type: 'at+jwt' });
    for (const [typ, status] of [
      ['at+jwt', 200],
      ['application/at+jwt', 200],
      ['AT+JWT', 200],
      ['JWT', 401],
      [undefined, 401],
      ['id+jwt', 401],
    ] as const)
      expect((await ask(await signed(typ === undefined ? {} : { typ }))).status, typ).to.equal(status);
  });

  it('in pieces, in more pieces, and of anything', async () => {
    await open();
    const token = await signed({});
    const [head = '', payload = '', signature = ''] = token.split('.');
    for (const bad of [
      `${head}.${payload}`,
      `${head}.${payload}.`,
      `${head}..${signature}`,
      `.${payload}.${signature}`,
      `${token}.`,
      `${token}.${payload}`,
      `${head}.${payload}.${signature}.x.y`,
      `${head}.${encoded({ ...claims, sub: 'admin' })}.${signature}`,
      `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
      '.',
      '..',
      '....',
      'x',
      encoded('[]') + '.' + encoded('[]') + '.x',
      `${head}.${encoded('null')}.${signature}`,
    ])
      expect((await ask(bad)).status, bad).to.equal(401);
  });

  it('of any length: they are not looked at beyond what tokens need', async () => {
    await open();
    const long = await signed({}, { ...claims, x: 'x'.repeat(20_000) });
    expect((await ask(long)).status).to.equal(401);
    expect((await site.ask('GET a.test/', { fields: { Cookie: `auth=${long}` } })).status).to.equal(401);
    expect((await ask('a'.repeat(60_000))).status).to.equal(401);
    expect((await ask(await signed({}))).status).to.equal(200);
  });

  it('signed by the issuer, but for another time', async () => {
    await open();
    const now = Math.floor(Date.now() / 1000);
    for (const payload of [
      { sub: 'root' },
      { sub: 'root', exp: now - 1 },
      { sub: 'root', exp: '9999999999' },
      { sub: 'root', exp: null },
      { sub: 'root', exp: -1 },
      { ...claims, nbf: now + 60 },
      { ...claims, nbf: 'x' },
    ])
      expect((await ask(await signed({}, payload))).status, JSON.stringify(payload)).to.equal(401);
  });

  it('signed by the issuer, whose claims would say more than one field', async () => {
    await open();
    for (const sub of ['a\r\nX-User: root', 'a\nb', 'a\u0000', '\u007f']) {
      const { status } = await ask(await signed({}, { ...claims, sub }));
      expect(status, JSON.stringify(sub)).to.equal(403);
    }
    const { got } = await ask(await signed({}, { ...claims, sub: 'jürgen' }));
    expect(Buffer.from(String(got?.fields['x-user']), 'latin1').toString('utf8')).to.equal('jürgen');
    expect(site.got.get('server')).to.have.length(1);
  });

  it('said twice: nobody has to guess which one is meant', async () => {
    await open();
    const good = await signed({});
    for (const fields of [
      { Authorization: [`Bearer ${good}`, `Bearer ${good}`] },
      { Authorization: ['Bearer x', `Bearer ${good}`] },
      { Authorization: [`Bearer ${good}`, 'Basic eDp5'] },
      { Authorization: `Bearer ${good}, Bearer ${good}` },
      { Cookie: `auth=x; auth=${good}` },
      { Cookie: ['auth=x', `auth=${good}`] },
    ])
      expect((await site.ask('GET a.test/', { fields })).status, JSON.stringify(fields).slice(0, 60)).to.equal(401);
  });

  it('never let in again by what was remembered of others', async () => {
    await open({ audience: 'shop' });
    const token = await signed({}, { ...claims, aud: 'shop' });
    expect((await ask(token)).status).to.equal(200);
    site.change({
      'a.test': {
        jwt: ['jwt', { jwks_url: issuer.url, audience: 'wiki', next: 'server' }],
        server: to('server'),
      },
    });
    expect((await ask(token)).status).to.equal(401);
  });
});
