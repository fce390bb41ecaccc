import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import aws4 from 'aws4';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { startCalled, type Called } from '../fixtures/called.ts';
import { startLoginServer, type LoginServer } from '../fixtures/login-server.ts';
import { Site, to, type Asking, type Nodes } from '../fixtures/site.ts';

const digest = (secret: string): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`;
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

/** Who is let in by what, as other programs have it: each way with real servers that see what comes of it. */
describe('credentials', () => {
  const site = new Site();
  afterEach(() => site.close());

  const behind = (node: Nodes[string], more: Nodes = {}) =>
    site.open({ domains: { 'a.test': { node, server: to('server'), ...more } }, servers: ['server'] });
  const ask = (fields: Asking['fields'] = {}, line = 'GET a.test/', body = '') => site.ask(line, { fields, body });

  describe('a token as bearer, or as password', () => {
    const challenge = 'Basic realm="Use Authorization: Bearer or provide it as password"';
    const open = () =>
      behind(['bearer', { tokens: { ops: digest('s3cr3t') }, as_password: true, next: 'server', denied: 'denied' }], {
        denied: ['respond', { status: 401, body: 'Unauthorized', headers: { 'WWW-Authenticate': challenge } }],
      });

    for (const [said, isIn] of [
      ['Bearer s3cr3t', true],
      ['bearer s3cr3t', true],
      ['BEARER   s3cr3t', true],
      [basic(':s3cr3t'), true],
      [basic('x:s3cr3t'), true],
      [basic('x:s3cr3t').replace('Basic', 'basic'), true],
      [undefined, false],
      ['', false],
      ['Bearer', false],
      ['Bearer ', false],
      ['Bearer wrong', false],
      ['Bearer s3cr3t ', true],
      ['Bearer s3cr3tx', false],
      ['Bearer s3cr3', false],
      ['Bearer S3CR3T', false],
      ['s3cr3t', false],
      ['Token s3cr3t', false],
      ['Bearers3cr3t', false],
      ['Bearer s3cr3t, Bearer s3cr3t', false],
      [basic('y:s3cr3t'), false],
      [basic('s3cr3t:x'), false],
      [basic('s3cr3t'), false],
      [basic('x:wrong'), false],
      [basic('x:s3cr3t:'), false],
      [basic('x:'), false],
      ['Basic !!!', false],
      ['Basic', false],
    ] as const)
      it(`${JSON.stringify(said)}: ${isIn ? 'in, and the server sees no credentials' : '401'}`, async () => {
        await open();
        const { status, body, fields, got } = await ask(said === undefined ? {} : { Authorization: said });
        if (isIn) expect([status, got?.fields.authorization]).to.deep.equal([200, undefined]);
        else {
          expect([status, body]).to.deep.equal([401, 'Unauthorized']);
          expect(fields.get('www-authenticate')).to.deep.equal([challenge]);
        }
      });

    it('said twice is said by nobody', async () => {
      await open();
      expect((await ask({ Authorization: ['Bearer s3cr3t', 'Bearer s3cr3t'] })).status).to.equal(401);
      expect((await ask({ Authorization: ['Bearer wrong', 'Bearer s3cr3t'] })).status).to.equal(401);
    });
  });

  describe('tokens of a login server', () => {
    let login: LoginServer;
    before(async () => {
      login = await startLoginServer('wiki');
    });
    after(() => login.stop());

    it('are good for one audience and for those users that are listed, by bearer or by cookie', async () => {
      await behind([
        'jwt',
        {
          jwks_url: `${login.url}/.well-known/jwks.json`,
          algorithms: ['EdDSA'],
          audience: 'wiki',
          require: { sub: ['ann', 'bob'] },
          cookie: 'auth',
          next: 'server',
        },
      ]);
      const good = await login.token();
      for (const [token, status] of [
        [good, 200],
        [await login.token({ sub: 'bob' }), 200],
        [await login.token({ sub: 'eve' }), 403],
        [await login.token({ aud: 'shop' }), 401],
        [await login.token({ aud: ['shop', 'wiki'] }), 200],
        [await login.token({}, -1), 401],
        [`${good}x`, 401],
      ] as const) {
        expect((await ask({ Authorization: `Bearer ${token}` })).status).to.equal(status);
        expect((await ask({ Cookie: `a=b; auth=${token}` })).status).to.equal(status);
      }
      // The cookie is what a browser is known by: what else is sent does not help it.
      expect((await ask({ Cookie: 'auth=x', Authorization: `Bearer ${good}` })).status).to.equal(401);
      expect((await ask({ Cookie: 'auth=', Authorization: `Bearer ${good}` })).status).to.equal(200);
    });
  });

  describe('an API key', () => {
    it('is one form of a secret and no other, by a name in any case: 403 for all others', async () => {
      await behind([
        'key',
        { keys: { ns: digest('c3VwZXJzZWNyZXQ=') }, header: 'X-ROUTING-API-KEY', status: 403, next: 'server' },
      ]);
      for (const [fields, status] of [
        [{ 'X-ROUTING-API-KEY': 'c3VwZXJzZWNyZXQ=' }, 200],
        [{ 'x-routing-api-key': 'c3VwZXJzZWNyZXQ=' }, 200],
        [{ 'X-Routing-Api-Key': 'supersecret' }, 403],
        [{ 'X-Routing-Api-Key': '' }, 403],
        [{}, 403],
        [{ 'X-Routing-Api-Key': ['c3VwZXJzZWNyZXQ=', 'c3VwZXJzZWNyZXQ='] }, 403],
        [{ Cookie: 'X-Routing-Api-Key=c3VwZXJzZWNyZXQ=' }, 403],
      ] as const) {
        const reply = await ask(fields);
        expect(reply.status, JSON.stringify(fields)).to.equal(status);
        expect(reply.got?.fields['x-routing-api-key']).to.equal(undefined);
      }
      expect((await ask({}, 'GET a.test/?X-ROUTING-API-KEY=c3VwZXJzZWNyZXQ%3D')).status).to.equal(403);
    });
  });

  it('fields have to be as they should be: 400', async () => {
    const rule = { in: ['application/json', 'application/xml'] };
    await behind(['validate', { headers: { 'Content-Type': rule }, next: 'server' }]);
    expect((await ask({ 'Content-Type': 'application/json' })).status).to.equal(200);
    for (const fields of [{}, { 'Content-Type': '' }, { 'Content-Type': 'text/plain' }])
      expect((await ask(fields)).status, JSON.stringify(fields)).to.equal(400);
  });

  describe('tokens signed with a secret', () => {
    const secret = Buffer.from('313233343536', 'hex');
    const token = (alg: string, expiresS: number, claims: object = {}, key: Buffer = secret): Promise<string> =>
      new SignJWT({ sub: 'ann', scope: 'read write', ...claims })
        .setProtectedHeader({ alg })
        .setExpirationTime(Math.floor(Date.now() / 1000) + expiresS)
        .sign(key);
    const none = (): string =>
      [{ alg: 'none' }, { sub: 'ann', exp: 9_999_999_999 }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.') + '.';
    const args = {
      secret: '313233343536',
      secret_encoding: 'hex',
      algorithms: ['HS256'],
      cookie: 'auth',
      status: 403,
      fields: { 'X-Authenticated-Userid': 'sub', 'X-Authenticated-Scope': 'scope' },
      next: 'server',
    };

    it('of one algorithm, within their time, in a cookie or as bearer', async () => {
      await behind(['jwt', args]);
      const now = Math.floor(Date.now() / 1000);
      for (const [given, status] of [
        [await token('HS256', 60), 200],
        [await token('HS256', -60), 403],
        [await token('HS256', 60, { nbf: now + 30 }), 403],
        [await token('HS384', 60), 403],
        [await token('HS256', 60, {}, Buffer.from('another')), 403],
        [none(), 403],
        ['', 403],
      ] as const) {
        for (const fields of [{ Authorization: `Bearer ${given}` }, { Cookie: `auth=${given}` }]) {
          const reply = await ask({ ...fields, 'X-Authenticated-Userid': 'root', x_authenticated_scope: 'all' });
          expect(reply.status, given).to.equal(status);
          if (status !== 200) continue;
          expect(reply.got?.fields['x-authenticated-userid']).to.equal('ann');
          expect(reply.got?.fields['x-authenticated-scope']).to.equal('read write');
          expect(reply.got?.fields).to.not.have.property('x_authenticated_scope');
        }
      }
    });
  });

  describe('signed requests', () => {
    const keys = { AKID: 'wJalrXUtnFEMI' };
    const sign = (request: object): { path: string; fields: Record<string, string> } => {
      const signed = aws4.sign(
        { host: 'a.test', service: 'execute-api', region: 'eu-1', ...request },
        { accessKeyId: 'AKID', secretAccessKey: keys.AKID },
      );
      const { Host: _, 'Content-Length': __, ...fields } = signed.headers as Record<string, string>; // aws4's own
      return { path: signed.path ?? '', fields };
    };

    it('come through as they were signed, in a field or as a URL, and not otherwise', async () => {
      await behind(['signature', { access_keys: keys, fields: { 'X-Account': 'key' }, next: 'server' }]);
      const body = '{"n":1}';
      const { path, fields } = sign({
        method: 'POST',
        path: '/orders?b=2&a=1',
        body,
        headers: { 'Content-Type': 'a/b' },
      });
      const good = await ask({ ...fields, 'X-Account': 'root' }, `POST a.test${path}`, body);
      expect([good.status, good.got?.body, good.got?.fields['x-account']]).to.deep.equal([200, body, 'AKID']);
      expect((await ask(fields, `POST a.test${path}`, '{"n":2}')).status).to.equal(403);
      expect((await ask(fields, `POST a.test/orders?b=3&a=1`, body)).status).to.equal(403);
      expect((await ask({}, `POST a.test${path}`, body)).status).to.equal(403);
      const url = sign({ method: 'GET', path: '/orders?X-Amz-Expires=60', signQuery: true, headers: {} });
      expect((await ask({}, `GET a.test${url.path}`)).status).to.equal(200);
      expect((await ask({}, `GET a.test${url.path.replace('Expires=60', 'Expires=61')}`)).status).to.equal(403);
      const day = { 'X-Amz-Date': '20200101T000000Z' };
      const old = sign({ method: 'GET', path: '/orders?X-Amz-Expires=60', signQuery: true, headers: day });
      expect((await ask({}, `GET a.test${old.path}`)).status).to.equal(403);
    });
  });

  describe('tokens that their issuer vouches for', () => {
    let issuer: Called;
    before(async () => {
      issuer = await startCalled(({ body }, response) => {
        const form = new URLSearchParams(body);
        const isKnown = form.get('client_id') === 'elb' && form.get('client_secret') === 's';
        const active = isKnown && form.get('token') === 'good';
        response.end(JSON.stringify(active ? { active, sub: 'ann', scope: 'read' } : { active }));
      });
    });
    after(() => issuer.stop());

    it('are let in while they are active, and the server is told whose they are', async () => {
      await behind([
        'introspect',
        {
          url: issuer.url,
          client_id: 'elb',
          client_secret: 's',
          client_auth: 'post',
          status: 403,
          fields: { 'X-Authenticated-Userid': 'sub', 'X-Authenticated-Scope': 'scope' },
          next: 'server',
        },
      ]);
      const { got } = await ask({ Authorization: 'Bearer good', 'X-Authenticated-Userid': 'root' });
      expect([got?.fields['x-authenticated-userid'], got?.fields['x-authenticated-scope']]).to.deep.equal([
        'ann',
        'read',
      ]);
      expect((await ask({ Authorization: 'Bearer bad' })).status).to.equal(403);
      expect((await ask()).status).to.equal(403);
      expect(issuer.heard.map(({ method }) => method)).to.deep.equal(['POST', 'POST']);
    });
  });

  it('several ways together: every one of them has to let in, in their order', async () => {
    await behind(['validate', { headers: { 'X-Version': { exact: '2' } }, next: 'bearer' }], {
      bearer: ['bearer', { tokens: { ops: digest('t') }, remove: false, next: 'key' }],
      key: ['key', { keys: { shop: digest('k') }, next: 'server' }],
    });
    const all = { 'X-Version': '2', Authorization: 'Bearer t', 'X-Api-Key': 'k' };
    expect((await ask(all)).status).to.equal(200);
    for (const [name, status] of [
      ['X-Version', 400],
      ['Authorization', 401],
      ['X-Api-Key', 401],
    ] as const) {
      const { [name]: _, ...others } = all;
      expect((await ask(others)).status, name).to.equal(status);
    }
  });

  describe('users of a file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-users-'));
    const file = join(directory, 'htpasswd');
    after(() => rmSync(directory, { recursive: true }));

    for (const [flag, kind] of [
      ['-B', 'bcrypt'],
      ['-m', 'MD5'],
      ['-s', 'SHA'],
      ['-2', 'SHA-256'],
      ['-5', 'SHA-512'],
    ] as const)
      it(`as htpasswd ${flag} writes them (${kind})`, async () => {
        execFileSync('htpasswd', ['-b', '-c', flag, file, 'ann', 'open: sesame'], { stdio: 'ignore' });
        await behind(['basic', { file, fields: { 'X-User': 'user' }, next: 'server' }]);
        const { got } = await ask({ Authorization: basic('ann:open: sesame'), 'X-User': 'root' });
        expect([got?.fields['x-user'], got?.fields.authorization]).to.deep.equal(['ann', undefined]);
        expect((await ask({ Authorization: basic('ann:open') })).status).to.equal(401);
        expect((await ask({ Authorization: basic('bob:open: sesame') })).status).to.equal(401);
      });
  });
});
