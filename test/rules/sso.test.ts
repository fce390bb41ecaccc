import { expect } from 'chai';
import { sso } from '../../rules/sso.ts';
import { CookieBrowser } from '../fixtures/cookie-browser.ts';
import { startLoginServer, type LoginServer } from '../fixtures/login-server.ts';
import { Site, to, type Asking, type Reply } from '../fixtures/site.ts';
import { problemsOf, ruleContract } from './contract.ts';

const PAGE = { fields: { Accept: 'text/html,*/*' } };

describe('rule sso', () => {
  ruleContract(
    sso,
    [
      { login: 'https://example.com/id', origin: 'https://a.test', audience: 'wiki' },
      {
        login: 'https://example.com/id',
        origin: ['https://a.test', 'https://b.test'],
        audience: ['a', 'b'],
        secret: 'x'.repeat(32),
        unasked: true,
        status: 403,
      },
    ],
    { isAsync: true, isRandom: true },
  );

  const site = new Site();
  let login: LoginServer;

  before(async () => {
    login = await startLoginServer('wiki');
  });
  after(() => login.stop());
  beforeEach(() => {
    login.user = 'ann';
    login.isAway = false;
  });
  afterEach(() => site.close());

  async function open(args: object = {}): Promise<string> {
    const { port } = await site.open({ domains: {}, servers: ['wiki'] });
    const own = `http://127.0.0.1:${port}`;
    const node = (origin: string | readonly string[]) =>
      ({
        sso: [
          'sso',
          {
            login: login.url,
            audience: 'wiki',
            origin,
            require: { sub: ['ann'] },
            fields: { 'X-User': 'sub' },
            next: 'wiki',
            ...args,
          },
        ],
        wiki: to('wiki'),
      }) as const;
    site.change({
      'a.test': node('https://a.test'),
      '127.0.0.1': node(own),
      '*': node(['https://b.test', 'https://c.test']),
    });
    return own;
  }

  const location = ({ fields }: Reply): string => fields.get('location')?.[0] ?? '';

  /** Where a browser is sent back to that asks for a page, and the cookie it keeps meanwhile. */
  async function begin(page: string): Promise<{ back: URL; cookie: string }> {
    const reply = await site.ask(`GET a.test${page}`, PAGE);
    const back = new URL(new URL(location(reply)).searchParams.get('next') ?? '');
    const [cookie = ''] = (reply.fields.get('set-cookie')?.[0] ?? '').split(';');
    return { back, cookie };
  }

  const at = (query: string, cookie: string, more: Asking = {}) =>
    site.ask(`GET a.test/_auth/redirect?${query}`, { ...more, fields: { ...PAGE.fields, Cookie: cookie } });

  it('has a browser log in, and brings it back to the page that it wanted', async () => {
    const origin = await open();
    const browser = new CookieBrowser();
    const { response, url } = await browser.follow(`${origin}/page?a=1&b=%2F%26`);
    expect(url).to.equal(`${origin}/page?a=1&b=%2F%26`);
    expect(await response.text()).to.include('"x-user":"ann"');
    const again = await browser.get(`${origin}/other`);
    expect(again.status).to.equal(200);
    const out = await browser.follow(`${origin}/_auth/logout`);
    expect(await out.response.text()).to.equal('logged out');
    expect((await browser.get(`${origin}/other`)).status).to.equal(302);
  });

  it('says where to come back to as it is documented, and nothing may keep the answer', async () => {
    await open({ unasked: true });
    const reply = await site.ask('GET a.test/x?y=%2F', PAGE);
    const back = `https://a.test/_auth/redirect?next=${encodeURIComponent('/x?y=%2F')}`;
    expect([reply.status, location(reply)]).to.deep.equal([302, `${login.url}?next=${encodeURIComponent(back)}`]);
    expect(reply.fields.get('cache-control')).to.deep.equal(['no-store']);
  });

  it('sends nobody back to a host that is none of its own: no token goes where somebody has a name lead to here', async () => {
    await open();
    const back = async (host: string) =>
      new URL(location(await site.ask(`GET ${host}/`, PAGE))).searchParams.get('next');
    expect(await back('b.test')).to.match(/^https:\/\/b\.test\/_auth\/redirect\?/);
    expect(await back('C.test:8443')).to.match(/^https:\/\/c\.test\//);
    for (const host of ['evil.test', 'b.test.evil.test', 'xb.test'])
      expect((await site.ask(`GET ${host}/`, PAGE)).status, host).to.equal(401);
  });

  it('keeps the token in a cookie that scripts, other sites and clear connections do not get', async () => {
    await open();
    const { back, cookie } = await begin('/x');
    back.searchParams.append('token', await login.token());
    const reply = await at(back.search.slice(1), cookie);
    expect([reply.status, location(reply)]).to.deep.equal([302, '/x']);
    const kept = reply.fields.get('set-cookie')?.find((line) => line.startsWith('auth='));
    expect(kept).to.match(/^auth=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    expect(reply.fields.get('referrer-policy')).to.deep.equal(['no-referrer']);
  });

  for (const [claims, expiresS, page, script] of [
    [{}, 60, 200, 200],
    [{ sub: 'eve' }, 60, 403, 403],
    [{ aud: 'shop' }, 60, 302, 401],
    [{}, -1, 302, 401],
  ] as const)
    it(`a token with ${JSON.stringify(claims)} that expires in ${expiresS} s: ${page}, ${script} for scripts`, async () => {
      await open();
      const token = await login.token(claims, expiresS);
      for (const credentials of [{ Cookie: `auth=${token}` }, { Authorization: `Bearer ${token}` }]) {
        const fields = { 'X-User': 'root', ...credentials };
        const reply = await site.ask('GET a.test/', { fields: { ...fields, ...PAGE.fields } });
        expect(reply.status).to.equal(page);
        expect((await site.ask('GET a.test/', { fields })).status).to.equal(script);
        expect((await site.ask('POST a.test/', { fields: { ...fields, ...PAGE.fields } })).status).to.equal(script);
        if (page === 200) expect(reply.got?.fields['x-user']).to.equal('ann');
      }
    });

  it('answers 403 to scripts where it is told to', async () => {
    await open({ status: 403 });
    const reply = await site.ask('GET a.test/');
    expect([reply.status, reply.fields.get('cache-control')]).to.deep.equal([403, ['no-store']]);
  });

  describe('where a browser comes back', () => {
    for (const next of [
      '//evil.test/',
      '/\\evil.test',
      'https://evil.test/',
      'evil',
      '',
      '/x\r\nSet-Cookie: a=b',
      '/\t/evil.test',
      '/ö',
    ])
      it(`goes on to no ${JSON.stringify(next)}`, async () => {
        await open();
        const { back, cookie } = await begin('/x');
        const query = new URLSearchParams({
          next,
          token: await login.token(),
          state: back.searchParams.get('state') ?? '',
        });
        const reply = await at(query.toString(), cookie);
        expect([reply.status, reply.fields.get('set-cookie')]).to.deep.equal([400, undefined]);
      });

    it('takes no token that is none, or another one besides', async () => {
      await open();
      const { back, cookie } = await begin('/x');
      const good = await login.token();
      for (const tokens of [
        [],
        [''],
        ['x'],
        [good.slice(0, -3)],
        [await login.token({}, -1)],
        [good, good],
        [await login.token({ aud: 'shop' })],
        [await login.token({ long: 'x'.repeat(4000) })],
      ]) {
        const query = tokens.map((token) => `&token=${token}`).join('');
        const reply = await at(back.search.slice(1) + query, cookie);
        expect([reply.status, reply.fields.get('set-cookie')], query).to.deep.equal([400, undefined]);
      }
    });

    it('takes no login that this browser has not begun, so that nobody is somebody else by a link', async () => {
      await open();
      const { back, cookie } = await begin('/x');
      const other = await begin('/x');
      const query = `next=/x&token=${await login.token()}`;
      const state = back.searchParams.get('state') ?? '';
      for (const [states, cookies] of [
        ['', ''],
        ['', cookie],
        [`&state=${state}`, ''],
        [`&state=${state}`, other.cookie],
        [`&state=${state.slice(0, 8)}`, cookie],
        [`&state=${state}&state=${state}`, cookie],
        ['&state=', '__Host-auth_login_=1'],
        ['&state=%0d%0aX:y', '__Host-auth_login_x=1'],
      ])
        expect((await at(`${query}${states}`, cookies ?? '')).status, `${states} ${cookies}`).to.equal(400);
      expect((await at(`${query}&state=${state}`, `${other.cookie}; ${cookie}`)).status).to.equal(302);
      await site.close();
      await open({ unasked: true });
      expect((await at(query, '')).status).to.equal(302);
    });
  });

  it('answers 503 while the keys of the login server cannot be had, and goes on once they can', async () => {
    await open();
    login.isAway = true;
    const fields = { Cookie: `auth=${await login.token()}` };
    expect((await site.ask('GET a.test/', { fields })).status).to.equal(503);
    login.isAway = false;
    await site.close();
    await open();
    const before = login.keysAsked();
    for (let i = 0; i < 3; i++) expect((await site.ask('GET a.test/', { fields })).status).to.equal(200);
    expect(login.keysAsked()).to.equal(before + 1);
  });

  for (const [args, at_] of [
    [{ login: 'ftp://x', origin: 'https://a.test', audience: 'a' }, '/login'],
    [{ login: 'https://x/?a=b', origin: 'https://a.test', audience: 'a' }, '/login'],
    [{ login: 'https://x/', origin: 'https://a.test' }, ''],
    [{ login: 'https://x/', audience: 'a' }, ''],
    [{ login: 'https://x/', audience: 'a', origin: ['https://a.test', 'a.test'] }, '/origin/1'],
    [{ login: 'https://x/', audience: 'a', origin: 'ftp://a.test' }, '/origin'],
    [{ login: 'https://x/', audience: 'a', origin: 'https://x/y' }, '/origin'],
    [{ login: 'https://x/', audience: 'a', origin: 'https://a.test', callback: '//x' }, '/callback'],
    [{ login: 'https://x/', audience: 'a', origin: 'https://a.test', callback: '/x', logout: '/x' }, '/logout'],
    [
      { login: 'https://x/', audience: 'a', origin: 'https://a.test', secret: 'x', algorithms: ['RS256'] },
      '/algorithms/0',
    ],
  ] as const)
    it(`refuses ${JSON.stringify(args)} at ${at_}`, () => {
      expect(problemsOf(sso, args).map(({ at: place }) => place)).to.deep.equal([at_]);
    });
});
