import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { KeySet } from '../../lib/auth/key-set.ts';
import { Fault } from '../../lib/core/faults.ts';
import { Plan } from '../../lib/routing/plan.ts';
import { jwt } from '../../rules/jwt.ts';
import { callingMeans, startCalled, type Called } from '../fixtures/called.ts';
import { compileNode, decideLater, problemsOf, ruleContract, type Decision } from './contract.ts';

const SECRET = '313233343536';
const bearing = (sent: string, more: Record<string, string> = {}) => ({
  fields: { authorization: `Bearer ${sent}`, ...more },
});

interface Pair {
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PAIRS: readonly Pair[] = [
  { alg: 'RS256', ...rsa },
  { alg: 'RS512', ...rsa },
  { alg: 'PS256', ...rsa },
  { alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  { alg: 'ES384', ...generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  { alg: 'EdDSA', ...generateKeyPairSync('ed25519') },
];

function token(key: KeyObject | Uint8Array, alg: string, claims: object = {}, kid?: string): Promise<string> {
  const all = { sub: 'ann', exp: Math.floor(Date.now() / 1000) + 600, ...claims };
  return new SignJWT({ ...all }).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(key);
}

describe('rule jwt', () => {
  ruleContract(
    jwt,
    [
      { secret: SECRET, secret_encoding: 'hex', algorithms: ['HS256'], cookie: 'auth' },
      {
        jwks_url: 'https://id.test/jwks.json',
        issuer: 'https://id.test',
        audience: ['a', 'b'],
        fields: { 'X-User': 'sub' },
      },
      {
        public_key: rsa.publicKey.export({ type: 'spki', format: 'pem' }),
        require: { role: ['admin'] },
        forbidden: 'x',
      },
    ],
    { isAsync: true },
  );

  const hex = { secret: SECRET, secret_encoding: 'hex' };
  const secret = Buffer.from(SECRET, 'hex');
  const ask = (args: object, request: object): Promise<Decision> => decideLater(compileNode(jwt, { ...args }), request);

  for (const { alg, privateKey, publicKey } of PAIRS) {
    it(`lets in ${alg}, by a set of keys and by PEM, and no other key's`, async () => {
      const jwks = { keys: [await exportJWK(publicKey)] };
      const good = bearing(await token(privateKey, alg));
      expect((await ask({ jwks }, good)).edge).to.equal('next');
      if (alg !== 'EdDSA') {
        const pem = publicKey.export({ type: 'spki', format: 'pem' });
        expect((await ask({ public_key: pem, algorithms: [alg] }, good)).edge).to.equal('next');
      }
      const stranger = PAIRS.find((pair) => pair.alg.slice(0, 2) !== alg.slice(0, 2) || pair.publicKey !== publicKey);
      const others = { keys: [await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey)] };
      expect(stranger).to.not.equal(undefined);
      expect((await ask({ jwks: others }, good)).plan.answer?.status).to.equal(401);
    });
  }

  for (const alg of ['HS256', 'HS384', 'HS512'])
    it(`lets in ${alg} where it may be`, async () => {
      const good = bearing(await token(secret, alg));
      expect((await ask(hex, good)).edge).to.equal('next');
      expect((await ask({ ...hex, algorithms: [alg] }, good)).edge).to.equal('next');
      const other = alg === 'HS256' ? 'HS512' : 'HS256';
      expect((await ask({ ...hex, algorithms: [other] }, good)).edge).to.equal(null);
    });

  // The tests run minutes after this table is made: its times are counted from when each of them does.
  const now = seconds();
  const demands: readonly (readonly [what: string, args: object, claims: object, status: number])[] = [
    ['one that has expired', {}, { exp: now - 5 }, 401],
    ['one that has just expired, within the skew', { clock_skew: '1m' }, { exp: now - 5 }, 0],
    ['one that is not good yet', {}, { nbf: now + 60 }, 401],
    ['one without an expiry', {}, { exp: undefined }, 401],
    ['one without an expiry, where that may be', { without_expiry: true }, { exp: undefined }, 0],
    ['one that is too old', { max_age: '1m' }, { iat: now - 120 }, 401],
    ['one that does not say how old it is', { max_age: '1m' }, {}, 401],
    ['one of the issuer', { issuer: 'https://id.test' }, { iss: 'https://id.test' }, 0],
    ['one of another issuer', { issuer: 'https://id.test' }, { iss: 'https://id.test/' }, 401],
    ['one of no issuer', { issuer: ['https://id.test'] }, {}, 401],
    ['one for us', { audience: 'shop' }, { aud: ['x', 'shop'] }, 0],
    ['one for others', { audience: ['shop'] }, { aud: 'shops' }, 401],
    ['one for nobody', { audience: 'shop' }, {}, 401],
    ['a user who is in the list', { require: { sub: ['ann', 'bob'] } }, {}, 0],
    ['a user who is not', { require: { sub: ['bob'] } }, {}, 403],
    ['one with a role', { require: { 'realm.roles': ['admin'] } }, { realm: { roles: ['user', 'admin'] } }, 0],
    ['one without the role', { require: { 'realm.roles': ['admin'] } }, { realm: { roles: 'administrator' } }, 403],
    ['one with a scope', { require: { scope: ['read'] } }, { scope: 'write read' }, 0],
    ['one with a claim by a name with dots', { require: { 'https://a.test/r': [1] } }, { 'https://a.test/r': 1 }, 0],
  ];
  for (const [what, args, claims, status] of demands) {
    it(`${status === 0 ? 'lets in' : `answers ${status} to`} ${what}`, async () => {
      const late = seconds() - now;
      const times = Object.entries(claims).filter(
        ([name, value]) => /^(exp|nbf|iat)$/.test(name) && value !== undefined,
      );
      const current = { ...claims, ...Object.fromEntries(times.map(([name, value]) => [name, value + late])) };
      const { edge, plan } = await ask({ ...hex, ...args }, bearing(await token(secret, 'HS256', current)));
      expect([edge, plan.answer?.status ?? 0]).to.deep.equal([status === 0 ? 'next' : null, status]);
    });
  }

  const hostile: readonly (readonly [what: string, make: () => Promise<string>])[] = [
    ['no signature', async () => new UnsecuredJWT({ sub: 'ann', exp: seconds() + 60 }).encode()],
    ['none in other letters', async () => `${b64({ alg: 'nOnE' })}.${b64({ sub: 'ann', exp: seconds() + 60 })}.`],
    [
      'the signature of another token',
      async () => swapped(await token(secret, 'HS256'), await token(secret, 'HS256', { sub: 'eve' })),
    ],
    ['other claims', async () => tampered(await token(secret, 'HS256'))],
    ['a critical header that nobody knows', async () => signedBy({ alg: 'HS256', crit: ['x'], x: 1 })],
    ['a key of its own', async () => signedBy({ alg: 'HS256', jwk: { kty: 'oct', k: b64('evil') } }, 'evil')],
    ['claims that are no object', async () => signedText('HS256', '[1]')],
    ['claims that are no JSON', async () => signedText('HS256', '{')],
    ['five parts', async () => 'a.b.c.d.e'],
    ['nothing but dots', async () => '..'],
    ['a very long text', async () => 'a'.repeat(20_000)],
  ];
  for (const [what, make] of hostile) {
    it(`answers 401 to a token with ${what}`, async () => {
      const { edge, plan } = await ask(hex, bearing(await make()));
      expect([edge, plan.answer?.status]).to.deep.equal([null, 401]);
      expect(plan.answer?.lines).to.include('WWW-Authenticate: Bearer realm="elb", error="invalid_token"\r\n');
    });
  }

  it('never takes a public key for a secret', async () => {
    const pem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    const forged = await token(Buffer.from(pem), 'HS256');
    expect((await ask({ public_key: pem }, bearing(forged))).edge).to.equal(null);
    expect((await ask({ jwks: { keys: [await exportJWK(rsa.publicKey)] } }, bearing(forged))).edge).to.equal(null);
  });

  it('prefers the cookie, and does without it', async () => {
    const good = await token(secret, 'HS256');
    const args = { ...hex, cookie: 'auth' };
    expect((await ask(args, { fields: { cookie: `auth=${good}` } })).edge).to.equal('next');
    expect((await ask(args, bearing(good, { cookie: 'auth=' }))).edge).to.equal('next');
    expect((await ask(args, bearing(good, { cookie: 'auth=bad' }))).edge).to.equal(null);
    expect((await ask(hex, { fields: { cookie: `auth=${good}` } })).edge).to.equal(null);
  });

  it('tells the server what the token says, whatever the client says', async () => {
    const claims = { name: 'Änn', roles: ['a', 'b'], n: 1, o: { p: true } };
    const fields = {
      'X-User': 'sub',
      'X-Name': 'name',
      'X-Roles': 'roles',
      'X-N': 'n',
      'X-O': 'o.p',
      'X-None': 'none',
    };
    const { plan } = await ask(
      { ...hex, fields, remove: true },
      bearing(await token(secret, 'HS256', claims), { 'x-none': '1' }),
    );
    const latin = Buffer.from('Änn').toString('latin1');
    expect(plan.setFields).to.deep.equal([
      'X-User',
      'ann',
      'X-Name',
      latin,
      'X-Roles',
      'a,b',
      'X-N',
      '1',
      'X-O',
      'true',
    ]);
    expect(plan.guardedFields).to.include('x-none');
    expect(plan.dropFields).to.include('authorization');
    expect(plan.claims).to.include({ sub: 'ann' });
  });

  it('lets nobody in whose claims cannot be said in a field', async () => {
    const evil = bearing(await token(secret, 'HS256', { sub: 'ann\r\nX-Admin: 1' }));
    const { edge, plan } = await ask({ ...hex, fields: { 'X-User': 'sub' } }, evil);
    expect([edge, plan.answer?.status, plan.setFields]).to.deep.equal([null, 403, []]);
  });

  it('goes to denied and forbidden where the document has them', async () => {
    const args = { ...hex, require: { sub: ['bob'] }, denied: 'login', forbidden: 'sorry' };
    expect((await ask(args, {})).edge).to.equal('denied');
    expect((await ask(args, bearing(await token(secret, 'HS256')))).edge).to.equal('forbidden');
  });

  it('does not check a token again that was good a moment ago, but not beyond its expiry', async () => {
    const node = compileNode(jwt, hex);
    const good = bearing(await token(secret, 'HS256'));
    await decideLater(node, good);
    expect((await decideLater(node, good, new Plan(), { isNow: true })).edge).to.equal('next');
    const late = bearing(await token(secret, 'HS256', { exp: seconds() - 3 }));
    const lenient = compileNode(jwt, { ...hex, clock_skew: '1m' });
    await decideLater(lenient, late);
    let waited = 0;
    await decideLater(lenient, late, new Plan(), { onPromise: () => waited++ });
    expect(waited).to.equal(1);
    const old = bearing(await token(secret, 'HS256', { iat: seconds() - 61 }));
    const aged = compileNode(jwt, { ...hex, max_age: '1m', clock_skew: '1m' });
    for (let i = 0; i < 3; i++) await decideLater(aged, old, new Plan(), { onPromise: () => waited++ });
    expect(waited).to.equal(4);
  });

  it('knows a token that comes again, in the field and in the cookie each by itself', async () => {
    const node = compileNode(jwt, { ...hex, cookie: 'auth', fields: { 'X-User': 'sub' }, require: { sub: ['ann'] } });
    const [good, other] = [await token(secret, 'HS256'), await token(secret, 'HS256', { sub: 'bob' })];
    for (let i = 0; i < 4; i++) {
      const { edge, plan } = await decideLater(node, bearing(good));
      expect([edge, plan.setFields, plan.claims?.['sub']]).to.deep.equal(['next', ['X-User', 'ann'], 'ann']);
      expect((await decideLater(node, bearing(other))).plan.answer?.status).to.equal(403);
      expect((await decideLater(node, { fields: { cookie: `auth=${good}` } })).edge).to.equal('next');
      expect((await decideLater(node, { fields: { cookie: `auth=Bearer ${good}` } })).plan.answer?.status).to.equal(
        401,
      );
    }
  });

  describe('with keys at a URL', () => {
    const one = generateKeyPairSync('ed25519');
    const two = generateKeyPairSync('ed25519');
    let keys: JWK[] = [];
    let status = 200;
    let issuer: Called;
    const world = callingMeans();

    before(async () => {
      issuer = await startCalled((_heard, response) => {
        response.statusCode = status;
        response.end(JSON.stringify({ keys }));
      });
    });
    after(async () => {
      await issuer.stop();
      await world.stop();
    });
    beforeEach(async () => {
      keys = [{ ...(await exportJWK(one.publicKey)), kid: 'one', alg: 'EdDSA' }];
      status = 200;
      issuer.heard.length = 0;
    });
    const node = () => compileNode(jwt, { jwks_url: `${issuer.url}/jwks`, cache: '0s' }, { means: world.means });

    it('fetches them once, and again for a key that is not among them', async () => {
      const good = bearing(await token(one.privateKey, 'EdDSA', {}, 'one'));
      const compiled = node();
      const many = await Promise.all([1, 2, 3].map(() => decideLater(compiled, good)));
      expect(many.map(({ edge }) => edge)).to.deep.equal(['next', 'next', 'next']);
      expect(issuer.heard).to.have.length(1);
    });

    it('answers 503 while there are none, and does not ask for every request', async () => {
      status = 500;
      const compiled = node();
      const good = bearing(await token(one.privateKey, 'EdDSA', {}, 'one'));
      for (let i = 0; i < 5; i++) expect((await decideLater(compiled, good)).plan.fault).to.equal(Fault.UNVERIFIED);
      expect(issuer.heard).to.have.length(1);
      expect(world.warnings).to.not.be.empty;
    });

    it('follows a rotation of keys at the pace of its cool-down, and holds the last keys while they cannot be fetched', async () => {
      let clock = 1000;
      const set = new KeySet(`${issuer.url}/jwks`, () => clock);
      const find = (kid: string) => set.key({ alg: 'EdDSA', kid }, { payload: '', signature: '' }, world.means.caller);
      await find('one');
      keys = [{ ...(await exportJWK(two.publicKey)), kid: 'two', alg: 'EdDSA' }];
      // Tokens of keys that are nowhere have nobody asked.
      for (let i = 0; i < 10; i++)
        await find('none').then(
          () => expect.fail('found'),
          () => undefined,
        );
      expect(issuer.heard).to.have.length(1);
      clock += 10_001;
      const all = await Promise.allSettled([find('two'), find('two'), find('none')]);
      expect(all.map((result) => result.status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected']);
      expect(issuer.heard).to.have.length(2);
      status = 500;
      clock += 3_600_000;
      await find('two');
      clock += 86_400_000;
      await find('two').then(
        () => expect.fail('found'),
        () => undefined,
      );
    });
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ secret: 'x', jwks_url: 'https://a.test' }, ''],
    [{ jwks_url: 'ftp://a.test' }, '/jwks_url'],
    [{ jwks_url: 'https://u:p@a.test/' }, '/jwks_url'],
    [{ jwks: { keys: [] } }, '/jwks/keys'],
    [{ public_key: 'MIIB' }, '/public_key'],
    [{ secret: 'xyz', secret_encoding: 'hex' }, '/secret'],
    [{ secret: '#', secret_encoding: 'base64' }, '/secret'],
    [{ secret: 'x', algorithms: ['RS256'] }, '/algorithms/0'],
    [{ public_key: rsa.publicKey.export({ type: 'spki', format: 'pem' }), algorithms: ['HS256'] }, '/algorithms/0'],
    [{ secret: 'x', algorithms: ['none'] }, '/algorithms/0'],
    [{ secret: 'x', require: { sub: [] } }, '/require/sub'],
    [{ secret: 'x', clock_skew: '-1' }, '/clock_skew'],
    [{ secret: 'x', fields: { Host: 'sub' } }, '/fields/Host'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args).slice(0, 80)} at ${at}`, () => {
      expect(problemsOf(jwt, args).map((problem) => problem.at)).to.include(at);
    });

  function b64(value: unknown): string {
    return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  }

  function signedText(alg: string, payload: string, key: Buffer | string = secret, header: object = { alg }): string {
    const text = `${b64(header)}.${b64(payload)}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  }

  function signedBy(header: object, key: Buffer | string = secret): string {
    return signedText('HS256', JSON.stringify({ sub: 'ann', exp: seconds() + 60 }), key, header);
  }
});

function swapped(one: string, other: string): string {
  return [...one.split('.').slice(0, 2), other.split('.')[2]].join('.');
}

function tampered(good: string): string {
  const [header, payload = '', signature] = good.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

/** Now, as tokens tell it. */
function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
