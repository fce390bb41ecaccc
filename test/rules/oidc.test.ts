import { expect } from 'chai';
import fetch from 'node-fetch';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { oidc } from '../../rules/oidc.ts';
import { CookieBrowser } from '../fixtures/cookie-browser.ts';
import { startOpenidProvider, type OpenidProvider } from '../fixtures/openid-provider.ts';
import type { RawServer, TestPlane } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { problemsOf, ruleContract } from './contract.ts';

const SECRET = 'a secret of the tests, 32 characters';
const GOOD = { issuer: 'https://id.test', client_id: 'dashboard', cookie_secret: SECRET, origin: 'https://dash.test' };

describe('rule oidc', () => {
  const contractArgs = [
    GOOD,
    {
      ...GOOD,
      cookie_secret: [SECRET, `${SECRET}!`],
      client_secret: 's',
      require: { groups: ['a'] },
      fields: { 'X-User': 'sub' },
    },
  ];
  ruleContract(oidc, contractArgs, { isAsync: true, isRandom: true });

  const rig = new Rig();
  let provider: OpenidProvider;
  let server: RawServer;
  let plane: TestPlane;
  let origin = '';

  /** A dashboard behind a login; it says what it was sent. */
  async function start(args: object = {}): Promise<void> {
    server = await rig.serve((connection) => {
      let seen = 0;
      connection.socket.on('data', () => {
        const text = connection.text.slice(seen);
        seen = connection.text.length;
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      });
    });
    plane = await rig.plane({ upstreams: { up: [server.port] } });
    origin = `http://127.0.0.1:${plane.port}`;
    provider = await startOpenidProvider(`${origin}/oauth2/callback`, `${origin}/bye`);
    put(args);
  }

  function put(args: object): void {
    const own = {
      issuer: provider.issuer,
      client_id: 'dashboard',
      client_secret: 's3cr3t: with signs',
      cookie_secret: SECRET,
      origin,
      scope: 'openid email',
      fields: { 'X-User': 'sub', 'X-Email': 'email' },
      require: { groups: ['ops'] },
      after_logout: '/bye',
      ...args,
      next: 'up',
    };
    const document: GraphDocument = {
      init: 'login',
      rules: { login: { type: 'oidc', args: own }, up: { type: 'backend', args: { servername: 'up' } } },
    };
    plane.put({ domains: { '*': document, '127.0.0.1': document } });
  }

  afterEach(async () => {
    await rig.stop();
    await provider?.stop();
  });

  it('has a browser log in, brings it back to where it was, and tells the server who it is', async () => {
    await start();
    const browser = new CookieBrowser();
    const { response, url } = await browser.follow(`${origin}/board?tab=1`);
    expect(url).to.equal(`${origin}/board?tab=1`);
    const text = await response.text();
    expect(response.status, text).to.equal(200);
    expect(text).to.not.match(/elb_session/);
    expect(text).to.include('X-User: ann\r\n').and.include('X-Email: ann@example.com\r\n');
    const again = await browser.get(`${origin}/other`, { 'x-user': 'root', x_user: 'root' });
    expect(await again.text())
      .to.include('X-User: ann\r\n')
      .and.not.include('root');
    expect(provider.asked.get('/token')).to.equal(1);
  });

  it('asks nobody to log in who asks for no page', async () => {
    await start();
    const browser = new CookieBrowser();
    expect((await browser.get(`${origin}/api`, { accept: 'application/json' })).status).to.equal(401);
    expect((await browser.get(`${origin}/x.js`, { 'sec-fetch-mode': 'no-cors' })).status).to.equal(401);
    expect((await fetch(origin, { method: 'POST', headers: { accept: 'text/html' } })).status).to.equal(401);
  });

  it('takes no code that was not asked for by this browser, and none twice', async () => {
    await start();
    const victim = new CookieBrowser();
    const attacker = new CookieBrowser();
    const login = await attacker.get(`${origin}/`);
    let at = login.headers.get('location') ?? '';
    while (!at.startsWith(origin)) at = new URL((await attacker.get(at)).headers.get('location') ?? '', at).href;
    expect((await victim.get(at)).status).to.equal(400);
    expect((await attacker.get(at.replace(/state=[^&]+/, 'state=00000000'))).status).to.equal(400);
    const other = at.replace(/code=[^&]+/, 'code=forged');
    expect((await attacker.get(other)).status).to.equal(400);
    expect((await attacker.get(at)).status).to.equal(302);
    expect((await attacker.get(at)).status).to.equal(400);
    for (const path of ['', '?', '?state=', '?code=x', '?error=access_denied&state=x', '?state=a&state=b'])
      expect((await victim.get(`${origin}/oauth2/callback${path}`)).status, path).to.equal(400);
  });

  it('comes back to this host only, whatever page was asked for, and logs out to nowhere else', async () => {
    await start();
    for (const path of [
      '//evil.test/x',
      '/\\evil.test/x',
      '///evil.test',
      '/.//evil.test',
      '/%0d%0aX:y',
      '/x?next=//evil.test',
    ]) {
      const { response, url } = await new CookieBrowser().follow(`${origin}${path}`);
      expect(response.status, path).to.equal(200);
      expect(new URL(url).origin, path).to.equal(origin);
    }
    const browser = new CookieBrowser();
    await browser.follow(origin);
    const away = 'post_logout_redirect_uri=http://evil.test/&after_logout=//evil.test&rd=//evil.test';
    expect((await browser.get(`${origin}/oauth2/logout?${away}`)).headers.get('location')).to.not.include('evil');
  });

  it('believes no session but its own', async () => {
    await start();
    const browser = new CookieBrowser();
    await browser.follow(origin);
    const jar = browser.jars.get(new URL(origin).host);
    const [name = '', value = ''] = [...(jar ?? [])].find(([key]) => key === 'elb_session') ?? [];
    expect(value).to.match(/^1[\w-]+$/);
    const forged = [
      `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`,
      value.slice(0, 40),
      `9${value.slice(1)}`,
      '1',
      '',
      `1${'A'.repeat(3000)}`,
    ];
    for (const one of forged)
      expect(
        (await fetch(origin, { redirect: 'manual', headers: { cookie: `${name}=${one}` } })).status,
        one.slice(0, 20),
      ).to.equal(401);
    put({ cookie_secret: 'another secret of the tests, longer' });
    expect((await browser.get(origin)).status).to.equal(302);
    put({ cookie_secret: ['another secret of the tests, longer', SECRET] });
    expect((await browser.get(origin)).status).to.equal(200);
    put({ client_id: 'another' });
    expect((await browser.get(origin)).status).to.equal(302);
  });

  it('asks the provider again when its tokens have expired, once for many requests, and ends the session by its refusal', async () => {
    await start();
    const browser = new CookieBrowser();
    await browser.follow(origin);
    const later = Date.now() + 6000;
    const { now } = Date;
    Date.now = () => later;
    try {
      const many = await Promise.all([1, 2, 3].map(() => browser.get(origin)));
      expect(many.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      expect(many[0]?.headers.raw()['set-cookie']?.[0]).to.match(/^elb_session=1/);
      expect(provider.asked.get('/token')).to.equal(2);
      provider.revoke();
      Date.now = () => later + 6000;
      const refused = await browser.get(origin);
      expect(refused.status).to.equal(302);
      expect(refused.headers.get('location')).to.include('/auth?');
    } finally {
      Date.now = now;
    }
  });

  it('logs out here and at the provider', async () => {
    await start();
    const browser = new CookieBrowser();
    await browser.follow(origin);
    const out = await browser.get(`${origin}/oauth2/logout`);
    expect(out.headers.get('location')).to.match(/^http:\/\/127.0.0.1:\d+\/session\/end\?.*client_id=dashboard/);
    expect(out.headers.get('location')).to.include(encodeURIComponent(`${origin}/bye`));
    expect((await browser.get(origin)).status).to.equal(302);
  });

  it('answers 403 to those who are not allowed, and 503 while the provider cannot be asked', async () => {
    await start({ require: { groups: ['board'] } });
    const { response } = await new CookieBrowser().follow(origin);
    expect(response.status).to.equal(403);
    await provider.stop();
    put({ client_id: 'other' });
    expect((await new CookieBrowser().get(origin)).status).to.equal(503);
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ ...GOOD, issuer: 'http://id.test' }, '/issuer'],
    [{ ...GOOD, issuer: 'id.test' }, '/issuer'],
    [{ ...GOOD, cookie_secret: 'short' }, '/cookie_secret'],
    [{ ...GOOD, cookie_secret: [] }, '/cookie_secret'],
    [{ ...GOOD, origin: 'https://dash.test/path' }, '/origin'],
    [{ ...GOOD, callback: 'callback' }, '/callback'],
    [{ ...GOOD, after_logout: '//evil.test' }, '/after_logout'],
    [{ ...GOOD, callback: '/x', logout: '/x' }, '/logout'],
    [{ ...GOOD, scope: 'email' }, '/scope'],
    [{ ...GOOD, session: 'x' }, '/session'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args).slice(0, 90)} at ${at}`, () => {
      expect(problemsOf(oidc, args).map((problem) => problem.at)).to.include(at);
    });
});
