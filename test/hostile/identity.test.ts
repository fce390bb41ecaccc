import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { startCalled, type Called } from '../fixtures/called.ts';
import { secureListeners } from '../fixtures/secure-listeners.ts';
import { Site, to, type Got, type Nodes } from '../fixtures/site.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';

const digest = (secret: string): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`;
const basic = (pair: string | Buffer): string => `Basic ${Buffer.from(pair).toString('base64')}`;
const BODY = 'body';

/** What clients say of themselves under the names by which servers know them. */
describe('forged identities', () => {
  const site = new Site();
  let auth: Called;
  let fields: Readonly<Record<string, string>>;
  let ways: Readonly<Record<string, readonly [node: Nodes[string], credentials: Readonly<Record<string, string>>]>>;

  before(async () => {
    auth = await startCalled(({ url, headers, body }, response) => {
      if (url === '/introspect') {
        response.end(JSON.stringify({ active: new URLSearchParams(body).get('token') === 'good', sub: 'ann' }));
        return;
      }
      response.setHeader('X-Auth-User', 'ann');
      response.writeHead(headers.authorization === 'Bearer good' ? 200 : 401).end();
    });
    const secret = 'a secret of the tests';
    const token = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(Buffer.from(secret));
    fields = { 'X-User': 'sub', 'X-Role': 'role' };
    const hash = '{SHA}W8r/fyL/UzygmbNAjq2HbA67qac='; // open sesame
    ways = {
      basic: [
        ['basic', { users: { ann: hash }, fields: { 'X-User': 'user' }, next: 'server' }],
        { Authorization: basic('ann:open sesame') },
      ],
      bearer: [
        ['bearer', { tokens: { ann: digest('good') }, fields: { 'X-User': 'name' }, next: 'server' }],
        { Authorization: 'Bearer good' },
      ],
      key: [
        ['key', { keys: { ann: digest('good') }, fields: { 'X-User': 'name' }, next: 'server' }],
        { 'X-Api-Key': 'good' },
      ],
      jwt: [['jwt', { secret, fields, next: 'server' }], { Authorization: `Bearer ${token}` }],
      introspect: [
        ['introspect', { url: `${auth.url}/introspect`, fields, next: 'server' }],
        { Authorization: 'Bearer good' },
      ],
      'forward-auth': [
        [
          'forward-auth',
          {
            url: auth.url,
            send: ['Authorization'],
            fields: { 'X-User': 'X-Auth-User', 'X-Role': 'X-Auth-Role' },
            next: 'server',
          },
        ],
        { Authorization: 'Bearer good' },
      ],
      signature: [
        [
          'signature',
          {
            form: 'body',
            header: 'X-Signature',
            access_keys: { ann: 's' },
            fields: { 'X-User': 'key' },
            next: 'server',
          },
        ],
        { 'X-Signature': createHmac('sha256', 's').update(BODY).digest('hex') },
      ],
    };
  });
  after(() => auth.stop());
  afterEach(() => site.close());

  const open = (node: Nodes[string]) =>
    site.open({ domains: { 'a.test': { node, server: to('server') } }, servers: ['server'] });
  const lines = (all: Readonly<Record<string, string>>): string =>
    Object.entries(all)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');

  /** Bytes as they are, and all that the server was sent. */
  async function send(request: string): Promise<{ status: number; got: Got | undefined }> {
    const client = await site.rig.client(site.plane.port);
    client.write(request);
    const text = await client.untilClosed();
    return { status: Number(text.slice(9, 12)), got: site.got.get('server')?.at(-1) };
  }

  const FORGED: Readonly<Record<string, string>> = {
    'as it is': 'X-User: root\r\n',
    'in other case': 'x-USER: root\r\n',
    'with an underscore': 'X_User: root\r\n',
    'with both, twice': 'X_user: root\r\nX-User: root\r\nx_USER: admin\r\n',
    'listed by Connection': 'Connection: close, X-User\r\nX-User: root\r\n',
    'listed by Connection with an underscore': 'Connection: close, X_User, x-user\r\nX_User: root\r\n',
  };

  for (const name of ['basic', 'bearer', 'key', 'jwt', 'introspect', 'forward-auth', 'signature']) {
    it(`${name}: the server hears of one user, by the node`, async () => {
      const [node, credentials] = ways[name] ?? [to('server'), {}];
      await open(node);
      for (const [how, forged] of Object.entries(FORGED)) {
        const head = `POST / HTTP/1.1\r\nHost: a.test\r\n${forged}${lines(credentials)}Content-Length: 4\r\n`;
        const close = forged.includes('Connection') ? '' : 'Connection: close\r\n';
        const { status, got } = await send(`${head}${close}\r\n${BODY}`);
        expect([status, got?.fields['x-user'], got?.fields['x_user']], how).to.deep.equal([200, 'ann', undefined]);
        expect(got?.fields).to.not.have.property('x-role');
      }
    });

    it(`${name}: nothing of it in a trailer either`, async () => {
      const [node, credentials] = ways[name] ?? [to('server'), {}];
      await open(node);
      const trailers: string[] = [];
      const raw = await site.rig.serve((connection) => {
        void connection.until(/\r\n0\r\n(?:.+\r\n)*\r\n$|\r\n\r\nbody$/).then(() => {
          trailers.push(connection.text);
          connection.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        });
      });
      site.plane.put({ upstreams: { server: [raw.port] } });
      const head = `POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nTrailer: X-User\r\n${lines(credentials)}`;
      const { status } = await send(
        `${head}Transfer-Encoding: chunked\r\n\r\n4\r\n${BODY}\r\n0\r\nX-User: root\r\nx_user: root\r\nX-Role: all\r\nX-Other: 1\r\n\r\n`,
      );
      expect([status, trailers.length]).to.deep.equal([200, 1]);
      expect(trailers[0]).to.not.match(/root|: all/);
      expect(trailers[0]).to.match(/X-User: ann\r\n/);
    });
  }

  it('what is no field is no way to say it: such heads are refused', async () => {
    const [node, credentials] = ways['bearer'] ?? [to('server'), {}];
    await open(node);
    for (const forged of [
      'X-User : root\r\n',
      ' X-User: root\r\n',
      'X-User\t: root\r\n',
      'A: b\r\n X-User: root\r\n',
      'A: b\rX-User: root\r\n',
      'A: b\nX-User: root\r\n',
      'X-User\u0000: root\r\n',
      ': root\r\n',
    ]) {
      const { status } = await send(`GET / HTTP/1.1\r\nHost: a.test\r\n${forged}${lines(credentials)}\r\n`);
      expect(status, JSON.stringify(forged)).to.equal(400);
    }
    expect(site.got.get('server')).to.deep.equal([]);
  });

  describe('by HTTP/2', () => {
    const ca = new TestCa();
    const clients = new TestCa('CA of clients');
    after(() => {
      ca.remove();
      clients.remove();
    });

    async function openSecure(node: Nodes[string]): Promise<number> {
      const secure = secureListeners();
      const { plane } = await site.open(
        { domains: { 'a.test': { node, server: to('server') } }, servers: ['server'] },
        {},
        { listeners: secure.listeners },
      );
      const document = JSON.stringify(ca.issue({ names: ['DNS:a.test'] }));
      const rules = { client_certificates: { mode: 'optional', ca: clients.certificate } };
      plane.apply([{ kind: 'certificate', name: 'all', document }], false);
      plane.apply([{ kind: 'tls', name: 'a.test', document: JSON.stringify(rules) }], false);
      return secure.port;
    }

    it('names are lower-case, cookies may come in crumbs, and the identity is the same', async () => {
      const port = await openSecure([
        'key',
        { keys: { ann: digest('good') }, cookie: 'k', fields: { 'X-User': 'name' }, next: 'server' },
      ]);
      const session = http2.connect(`https://a.test:${port}`, {
        lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
        rejectUnauthorized: false,
      });
      const ask = async (headers: http2.OutgoingHttpHeaders): Promise<number> => {
        const stream = session.request({ ':path': '/', ...headers });
        const [reply] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]; // as Node documents it
        stream.resume();
        await once(stream, 'close');
        return Number(reply[':status']);
      };
      expect(await ask({ 'x-user': 'root', x_user: 'root', cookie: ['a=b', 'k=good', 'c=d'] })).to.equal(200);
      const [got] = site.got.get('server') ?? [];
      expect([got?.fields['x-user'], got?.fields['x_user']]).to.deep.equal(['ann', undefined]);
      expect(await ask({ 'x-user': 'ann', cookie: ['k=bad', 'k=good'] })).to.equal(401);
      expect(await ask({ 'x-user': 'ann' })).to.equal(401);
      session.close();
    });

    it('mtls: only a certificate that was verified says who it is', async () => {
      const port = await openSecure([
        'mtls',
        { fields: { 'X-User': 'subject.CN', 'X-Org': 'subject.O', 'X-Issuer': 'issuer.CN' }, next: 'server' },
      ]);
      const stranger = new TestCa('CA of strangers');
      const forged =
        'X-User: forged\r\nX_User: forged\r\nX-Org: forged\r\nClient-Cert: :MIIB:\r\nX-Client-Cert-Verify: SUCCESS\r\n';
      for (const [pair, user] of [
        [clients.issue({ subject: '/O=Example, Inc./CN=alice' }), 'alice'],
        [clients.issue({ subject: '/O=x/CN=alice,CN=root' }), 'alice,CN=root'],
        [stranger.issue({ subject: '/CN=alice' }), null],
        [null, null],
      ] as const) {
        const shown = pair === null ? {} : { cert: pair.certificate, key: pair.key };
        const client = await SecureClient.connect(port, { servername: 'a.test', ...shown });
        const { status, body } = await client.request('/', 'a.test', forged);
        expect(status).to.equal(user === null ? 403 : 200);
        if (user !== null) {
          const { fields: told } = JSON.parse(body) as Got;
          expect([told['x-user'], told['x_user'], told['x-issuer']]).to.deep.equal([user, undefined, 'CA of clients']);
          expect(body).to.not.include('forged').and.not.include(':MIIB:');
        }
        client.destroy();
      }
      stranger.remove();
    });
  });
});

describe('hostile credentials', () => {
  const site = new Site();
  afterEach(() => site.close());
  const open = (node: Nodes[string]) =>
    site.open({ domains: { 'a.test': { node, server: to('server') } }, servers: ['server'] });

  describe('of basic', () => {
    const hash = '{SHA}W8r/fyL/UzygmbNAjq2HbA67qac='; // open sesame
    for (const [what, said, status] of [
      ['a colon in the password is the password', 'ann:open sesame', 200],
      ['a user in UTF-8', 'jürgen:open sesame', 200],
      ['a user in Latin-1', Buffer.from('jürgen:open sesame', 'latin1'), 200],
      ['a NUL behind the user', 'ann\0:open sesame', 401],
      ['a NUL behind the password', 'ann:open sesame\0', 401],
      ['a NUL and a second user', 'eve:x\0ann:open sesame', 401],
      ['a line break', 'ann:open sesame\r\n', 401],
      ['no colon', 'ann', 401],
      ['no user', ':open sesame', 401],
      ['no password', 'ann:', 401],
      ['a user in other case', 'Ann:open sesame', 401],
      ['blanks around', ' ann:open sesame', 401],
      ['a name that every object has', '__proto__:open sesame', 401],
      ['another one', 'constructor:open sesame', 401],
      ['the hash itself', `ann:${hash}`, 401],
      ['a very long password', `ann:${'x'.repeat(9000)}`, 401],
      ['one that is longer than is looked at', `ann:${'x'.repeat(20_000)}`, 401],
      ['UTF-8 that is none', Buffer.from([0x61, 0xff, 0xfe, 0x3a, 0x78]), 401],
    ] as const)
      it(`${what}: ${status}`, async () => {
        await open(['basic', { users: { ann: hash, jürgen: hash }, next: 'server' }]);
        expect((await site.ask('GET a.test/', { fields: { Authorization: basic(said) } })).status).to.equal(status);
      });
  });

  describe('of keys in several places', () => {
    const node = [
      'key',
      { keys: { ann: digest('good') }, header: 'X-Key', query: 'key', cookie: 'key', next: 'server' },
    ] as const;
    for (const [target, fields, status] of [
      ['/?key=good', {}, 200],
      ['/?k%65y=good', {}, 200],
      ['/?a=1&key=good&b=2', {}, 200],
      ['/', { Cookie: 'a=b; key=good' }, 200],
      ['/', { 'X-Key': 'good' }, 200],
      // The first place that has one counts: a good key elsewhere is no second guess.
      ['/?key=good', { 'X-Key': 'bad' }, 401],
      ['/?key=bad', { Cookie: 'key=good' }, 401],
      ['/?key=bad&key=good', {}, 401],
      ['/', { 'X-Key': ['bad', 'good'] }, 401],
      ['/', { 'X-Key': 'good, good' }, 401],
      ['/;key=good', {}, 401],
      ['/?Key=good', {}, 401],
      ['/?key=good%00', {}, 401],
      ['/?key=sha256', {}, 401],
      ['/?key', {}, 401],
    ] as const)
      it(`GET ${target} with ${JSON.stringify(fields)}: ${status}, and no server sees it`, async () => {
        await open(node);
        const reply = await site.ask(`GET a.test${target}`, { fields });
        expect(reply.status).to.equal(status);
        expect(reply.got?.target ?? '').to.not.include('good');
        expect(reply.got?.fields['x-key']).to.equal(undefined);
        expect(reply.got?.fields.cookie ?? '').to.not.include('good');
      });
  });

  it('cookies that nodes keep for themselves are kept from servers, by several of them, and no others are', async () => {
    await site.open({
      domains: {
        'a.test': {
          key: ['key', { keys: { ann: digest('good') }, cookie: 'k', next: 'jwt' }],
          jwt: ['jwt', { secret: 's', cookie: 't', remove: true, without_expiry: true, next: 'server' }],
          server: to('server'),
        },
      },
      servers: ['server'],
    });
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from('s'));
    for (const [sent, got] of [
      [`a=1; k=good; b=2; t=${token}; kk=3`, 'a=1; b=2; kk=3'],
      [`k=good;t=${token}`, undefined],
      [`k=good; t=${token}; k=other; t =x`, undefined],
      [`t=${token}; k=good; a="k=good"`, 'a="k=good"'],
    ] as const) {
      const reply = await site.ask('GET a.test/', { fields: { Cookie: sent } });
      expect([reply.status, reply.got?.fields.cookie], sent).to.deep.equal([200, got]);
    }
  });

  describe('of forward-auth', () => {
    it('the program is told what the server will be sent, and nothing that the client made up', async () => {
      const program = await startCalled(
        (_heard, response) => void response.writeHead(204, { 'X-Auth-User': 'ann' }).end(),
      );
      await open([
        'forward-auth',
        { url: program.url, send: ['Authorization', 'Cookie'], fields: { 'X-User': 'X-Auth-User' }, next: 'server' },
      ]);
      for (const target of ['/a/../admin', '/%61dmin', '//admin', '/admin?x=/../', '/admin%3fx', '/./admin/.']) {
        const told =
          'X-Forwarded-Uri X-Forwarded-Method X-Forwarded-Host X-Forwarded-Proto X-Forwarded-For X-Original-URL X_Forwarded_Uri';
        const lies = Object.fromEntries(told.split(' ').map((name) => [name, '/public']));
        const { got, status } = await site.ask(`GET a.test${target}`, {
          fields: { ...lies, Connection: 'X-Forwarded-Uri' },
        });
        const heard = program.heard.at(-1);
        expect([status, heard?.headers['x-forwarded-uri']], target).to.deep.equal([200, got?.target]);
        expect(JSON.stringify(heard?.headers)).to.not.include('/public');
        expect([heard?.headers['x-forwarded-method'], heard?.headers['x-forwarded-host']]).to.deep.equal([
          'GET',
          'a.test',
        ]);
        expect([heard?.headers['x-forwarded-proto'], heard?.headers['x-forwarded-for']]).to.deep.equal([
          'http',
          '127.0.0.1',
        ]);
      }
      // What servers could read in two ways goes nowhere, and the program is not asked.
      const asked = program.heard.length;
      expect((await site.ask('GET a.test/a%2f..%2fadmin')).status).to.equal(400);
      expect(program.heard).to.have.length(asked);
      await program.stop();
    });

    it('what was let in for one is not let in for another, whatever they send', async () => {
      const program = await startCalled(({ headers }, response) => {
        response.writeHead(headers['x-a'] === 'ann' && headers['x-b'] === undefined ? 200 : 401).end();
      });
      await open(['forward-auth', { url: program.url, send: ['X-A', 'X-B'], cache: '1m', next: 'server' }]);
      const ask = async (fields: Record<string, string>) => (await site.ask('GET a.test/', { fields })).status;
      expect(await ask({ 'X-A': 'ann' })).to.equal(200);
      for (const fields of [
        { 'X-B': 'ann' },
        { 'X-A': 'ann', 'X-B': '' },
        { 'X-A': 'annX-B', 'X-B': '' },
        { 'X-A': 'an' },
        {},
      ])
        expect(await ask(fields as Record<string, string>), JSON.stringify(fields)).to.equal(401);
      const heard = program.heard.length;
      expect([await ask({ 'X-A': 'ann' }), program.heard.length]).to.deep.equal([200, heard]);
      await program.stop();
    });

    it('names and answers beyond ASCII stay the bytes that they are', async () => {
      const program = await startCalled(({ headers }, response) => {
        const isIn = headers['x-a'] !== undefined;
        response.setHeader('X-Auth-User', Buffer.from('jürgen', 'utf8').toString('latin1'));
        response.setHeader('X-Why', Buffer.from('Ünbekannt €', 'utf8').toString('latin1'));
        response.writeHead(isIn ? 200 : 403).end();
      });
      await open([
        'forward-auth',
        { url: program.url, send: ['X-A'], fields: { 'X-User': 'X-Auth-User' }, pass: ['X-Why'], next: 'server' },
      ]);
      const sent = Buffer.from('é€', 'utf8').toString('latin1');
      const { got } = await site.ask('GET a.test/', { fields: { 'X-A': sent } });
      expect(Buffer.from(String(got?.fields['x-user']), 'latin1').toString('utf8')).to.equal('jürgen');
      expect(program.heard[0]?.headers['x-a']).to.equal(sent);
      const { fields } = await site.ask('GET a.test/');
      expect(Buffer.from(fields.get('x-why')?.[0] ?? '', 'latin1').toString('utf8')).to.equal('Ünbekannt €');
      await program.stop();
    });
  });

  it('of cookies in several fields: nodes, programs and servers see the same ones', async () => {
    const program = await startCalled((_heard, response) => void response.end());
    await site.open({
      domains: {
        'a.test': {
          auth: ['forward-auth', { url: program.url, send: ['Cookie'], next: 'cookie' }],
          cookie: ['cookie', { name: 'b', exact: '2', succ: 'server', fail: null }],
          server: to('server'),
        },
      },
      servers: ['server'],
    });
    const { got } = await site.ask('GET a.test/', { fields: { Cookie: ['a=1', 'b=2', 'b=3'] } });
    expect([got?.fields.cookie, program.heard[0]?.headers.cookie]).to.deep.equal(['a=1; b=2; b=3', 'a=1; b=2; b=3']);
    await program.stop();
  });

  it('of introspect: what is known of one token is known of no other, and a server that lies is not believed', async () => {
    const issuer = await startCalled(({ body }, response) => {
      const token = new URLSearchParams(body).get('token');
      response.end(token === 'good' ? '{"active":true,"sub":"ann"}' : '{"active":false,"active ":true,"sub":"root"}');
    });
    await open(['introspect', { url: issuer.url, fields: { 'X-User': 'sub' }, next: 'server' }]);
    const ask = async (token: string) =>
      (await site.ask('GET a.test/', { fields: { Authorization: `Bearer ${token}` } })).status;
    expect(await ask('good')).to.equal(200);
    for (const token of ['good=', 'Good', 'good&active=true', 'good%00', 'goo', 'good.', 'good&token=good'])
      expect(await ask(token), token).to.equal(401);
    const forms = issuer.heard.map(({ body }) => new URLSearchParams(body).getAll('token').length);
    expect(new Set(forms)).to.deep.equal(new Set([1]));
    await issuer.stop();
  });
});
