import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { readOptions } from '../../lib/upstream/options/index.ts';
import { ServerRow } from '../fixtures/server-row.ts';
import { graphOf, to } from '../fixtures/site.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import { startTlsPlane } from '../fixtures/tls-plane.ts';

/** How servers are spoken to: what earlier programs promise of it, by the numbers of their promises. */
describe('ways to servers', () => {
  const row = new ServerRow();
  const closing: (() => void)[] = [];
  let ca: TestCa;
  let pair: Pair;
  before(() => {
    ca = new TestCa();
    pair = ca.issue({ names: ['DNS:www.example.com'] });
  });
  afterEach(async () => {
    await row.close();
    for (const close of closing.splice(0)) close();
  });

  /** An HTTPS server for www.example.com that tells who has come. */
  async function secure(asksForCertificate = false): Promise<number> {
    const options = { cert: pair.certificate, key: pair.key, ca: ca.certificate };
    const server = createHttpsServer(
      { ...options, requestCert: asksForCertificate, rejectUnauthorized: asksForCertificate },
      (request, response) => response.end(request.headers.host),
    );
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('message', (text) => socket.send(`echo ${String(text)}`));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close().closeAllConnections());
    return (server.address() as AddressInfo).port; // it listens on TCP
  }

  it('one of several URLs at random, each with its path before that of the request; no second try', async () => {
    const origin = (prefix: string, index: number): readonly [string, Record<string, unknown>] => [
      'rewrite',
      { add_prefix: prefix, next: `origin ${index}` },
    ];
    await row.open(['', '']);
    const [one, two] = row.servers.map(({ address }) => `http://${address}`);
    const graph = graphOf({
      any: [
        'split',
        {
          parts: [
            { weight: 1, to: 'one' },
            { weight: 1, to: 'two' },
          ],
        },
      ],
      one: origin('/x', 1),
      two: origin('/y/z', 2),
      'origin 1': ['retry', { tries: 1, next: 'to 1' }],
      'origin 2': ['retry', { tries: 1, next: 'to 2' }],
      'to 1': to(one!),
      'to 2': to(two!),
    });
    row.plane.put({ domains: { 'a.test': graph } });
    const { a = 0, b = 0 } = await row.counts(1000, {
      path: '/p?q',
      fields: { Connection: 'keep-alive, X-Hop', 'X-Hop': '1' },
    });
    expect(a + b).to.equal(1000);
    // Further off than five times what chance does.
    expect(a).to.be.within(420, 580);
    const [first, second] = row.servers.map(({ got }) => got[0]!);
    expect([first!.target, second!.target]).to.deep.equal(['/x/p?q', '/y/z/p?q']);
    expect([first!.fields['x-forwarded-for'], first!.fields['x-hop']]).to.deep.equal(['127.0.0.1', undefined]);
    await row.server('b').stop();
    const { a: well = 0, 502: failed = 0 } = await row.counts(200);
    expect(well + failed).to.equal(200);
    expect(failed).to.be.within(60, 140);
  });

  it('WebSocket, in clear and over TLS on both sides', async () => {
    await row.open([]);
    const server = await secure();
    const [name, tls] = [`127.0.0.1:${server}`, { enabled: true, ca: ca.certificate, server_name: 'www.example.com' }];
    const outside = ca.issue({ names: ['DNS:a.test'] });
    const plane = await startTlsPlane({ listen: { tls: true } });
    closing.push(() => void plane.stop());
    plane.certify({ 'a.test': outside });
    plane.put({ domains: { '*': 'up' }, upstreams: { up: [{ port: server, name }] }, options: { up: { tls } } });
    const trusting: ConnectionOptions = { ca: ca.certificate, servername: 'a.test' };
    for (const url of [`ws://127.0.0.1:${plane.plainPort}/`, `wss://127.0.0.1:${plane.port}/`]) {
      const socket = new WebSocket(url, { ...trusting, headers: { Host: 'a.test' } });
      await once(socket, 'open');
      socket.send('hello');
      expect(String((await once(socket, 'message'))[0])).to.equal('echo hello');
      socket.terminate();
    }
  });

  it('Host is that of the client, of the server, or of a server that has a name', async () => {
    await row.open(['']);
    const { port } = row.server('a');
    const hosts = async (from: string): Promise<string[]> => {
      row.options({ host: { from } });
      for (const name of [`127.0.0.1:${port}`, `localhost:${port}`]) {
        row.plane.put({ upstreams: { up: [{ port, name }] } });
        await row.who(1);
      }
      return row
        .server('a')
        .got.splice(0)
        .map(({ fields }) => fields.host ?? '');
    };
    expect(await hosts('client')).to.deep.equal(['a.test', 'a.test']);
    expect(await hosts('server')).to.deep.equal([`127.0.0.1:${port}`, `localhost:${port}`]);
    expect(await hosts('named')).to.deep.equal(['a.test', `localhost:${port}`]);
  });

  it('a certificate that nobody trusts, or for another name, is 502 unless that is said', async () => {
    await row.open([]);
    row.plane.put({ upstreams: { up: [{ port: await secure() }] } });
    for (const [tls, status] of [
      [{}, 502],
      [{ verify: false }, 200],
      [{ ca: ca.certificate }, 502],
      [{ ca: ca.certificate, server_name: 'www.example.com' }, 200],
      [{ ca: ca.certificate, server_name: 'www.example.org' }, 502],
    ] as const) {
      row.options({ tls: { enabled: true, ...tls } });
      expect((await row.ask()).status, JSON.stringify(Object.keys(tls))).to.equal(status);
    }
  });

  it('a server that wants a certificate gets it; numbers of idle connections are said', async () => {
    await row.open([]);
    row.plane.put({ upstreams: { up: [{ port: await secure(true) }] } });
    const own = ca.issue({ subject: '/CN=elb' });
    const tls = { enabled: true, ca: ca.certificate, server_name: 'www.example.com' };
    row.options({ tls });
    expect((await row.ask()).status).to.equal(502);
    row.options({ tls: { ...tls, certificate: own.certificate, key: own.key } });
    expect((await row.ask()).status).to.equal(200);
    const document = {
      connections: {
        max_idle: 1024,
        max_idle_total: 10_240,
        idle: '90s',
        tcp_keep_alive: '60s',
        forward_proxy: 'http://10.0.0.5:3128',
      },
      timeouts: { connect: '30s' },
    };
    expect(readOptions(document).problems).to.deep.equal([]);
  });

  it('any method, all fields and a body go on as they are; a redirect is for the client', async () => {
    await row.open(['']);
    const a = row.server('a');
    a.status = 302;
    a.fields = { Location: 'http://elsewhere.test/' };
    const reply = await row.ask({ method: 'PURGE', path: '/x?y=1', body: 'body', fields: { 'X-One': '1' } });
    expect([reply.status, reply.fields.location]).to.deep.equal([302, 'http://elsewhere.test/']);
    const [got] = a.got;
    expect([got!.target, got!.body, got!.fields['x-one']]).to.deep.equal(['/x?y=1', 'body', '1']);
  });

  const sticky = { cookie: 'elb_up', secret: 'secret' };
  const cookieOf = (fields: Readonly<Record<string, unknown>>): string =>
    String(fields['set-cookie'] ?? '').split(';')[0] ?? '';

  it('a session for two hours; another server when its own is gone, and that one from then on', async () => {
    await row.open(['', '', ''], { options: { sticky: { ...sticky, ttl: '2h' } } });
    const first = await row.ask();
    expect(String(first.fields['set-cookie'])).to.contain('Max-Age=7200');
    const fields = { Cookie: cookieOf(first.fields) };
    expect(new Set(await row.who(9, { fields }))).to.deep.equal(new Set([first.body]));
    await row.server(first.body).stop();
    const next = await row.ask({ fields });
    expect(next.body).to.not.equal(first.body);
    const moved = { Cookie: cookieOf(next.fields) };
    expect(new Set(await row.who(9, { fields: moved }))).to.deep.equal(new Set([next.body]));
    const forged = await row.who(9, { fields: { Cookie: `${fields.Cookie}x` } });
    expect(new Set(forged).size).to.equal(2);
  });

  it('by a cookie of the application: its hash, or a session along with it', async () => {
    const hash = { on: 'cookie', name: 'app', missing: 'any' };
    await row.open(['', '', ''], { options: { balance: { algorithm: 'hash', hash } } });
    const homes = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const names = new Set(await row.who(3, { fields: { Cookie: `app=${i}` } }));
      expect(names.size).to.equal(1);
      for (const name of names) homes.add(name);
    }
    expect(homes.size).to.equal(3);
    row.options({ sticky: { ...sticky, along: 'app' } });
    expect(cookieOf((await row.ask()).fields)).to.equal('');
    for (const server of row.servers) server.fields = { 'Set-Cookie': 'app=1' };
    expect(String((await row.ask()).fields['set-cookie'])).to.contain('elb_up=');
  });
});
