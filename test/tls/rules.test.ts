import { once } from 'node:events';
import type tls from 'node:tls';
import { expect } from 'chai';
import fetch from 'node-fetch';
import { readDomainRules } from '../../lib/tls/domain-rules.ts';
import { SecureClient, startTlsPlane, type TlsPlane } from '../fixtures/tls-plane.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';

describe('TLS rules of domains', () => {
  const ca = new TestCa();
  const clients = new TestCa('CA of clients');
  const strangers = new TestCa('CA of strangers');
  let plane: TlsPlane;
  let known: Pair;
  let stranger: Pair;

  before(async () => {
    known = clients.issue({ subject: '/O=Example, Inc./CN=alice' });
    stranger = strangers.issue({ subject: '/CN=mallory' });
    plane = await startTlsPlane({ plane: { trustedProxies: ['127.0.0.2'] } });
    plane.certify({ all: ca.issue({ names: ['DNS:*.test', 'DNS:secret.test'] }) });
    plane.rule({
      'strict.test': { require: true },
      'other-port.test': { require: true, port: 8443 },
      'optional.test': { client_certificates: { mode: 'optional', ca: clients.certificate } },
      'secret.test': { client_certificates: { mode: 'required', ca: clients.certificate } },
      'secret2.test': { client_certificates: { mode: 'required', ca: clients.certificate } },
      'new.test': { min_version: '1.3' },
    });
  });

  after(async () => {
    await plane.stop();
    for (const one of [ca, clients, strangers]) one.remove();
  });

  const ask = async (host: string, options: tls.ConnectionOptions = {}, fields = '', name = host) => {
    const client = await SecureClient.connect(plane.port, { servername: name, ...options });
    try {
      return await client.request('/', host, fields);
    } finally {
      client.destroy();
    }
  };
  const shows = ({ certificate: cert, key }: Pair): tls.ConnectionOptions => ({ cert, key });
  const inClear = (host: string, path = '/', fields = {}) =>
    fetch(`http://127.0.0.1:${plane.plainPort}${path}`, { redirect: 'manual', headers: { Host: host, ...fields } });

  describe('require TLS', () => {
    for (const [host, path, location] of [
      ['strict.test', '/a/../b?c=d', 'https://strict.test/b?c=d'],
      ['STRICT.test:8080', '/', 'https://strict.test/'],
      ['other-port.test', '/x', 'https://other-port.test:8443/x'],
      ['secret.test', '/', 'https://secret.test/'],
    ] as const) {
      it(`sends ${host}${path} to TLS`, async () => {
        const reply = await inClear(host, path);
        expect([reply.status, reply.headers.get('location')]).to.deep.equal([308, location]);
      });
    }

    it('leaves other domains and what ACME asks for where they are', async () => {
      expect((await inClear('free.test')).status).to.equal(200);
      expect((await inClear('strict.test', '/.well-known/acme-challenge/x')).status).to.equal(200);
    });

    it('believes only a proxy that is trusted that the client came by TLS', async () => {
      expect((await inClear('strict.test', '/', { 'X-Forwarded-Proto': 'https' })).status).to.equal(308);
    });

    it('serves it by TLS', async () => {
      expect((await ask('strict.test')).status).to.equal(200);
    });
  });

  describe('client certificates', () => {
    it('lets in who shows a good one, and tells servers who that is', async () => {
      const { status, body } = await ask('secret.test', shows(known));
      expect(status).to.equal(200);
      const told = JSON.parse(body) as Record<string, string>;
      expect(told).to.include({
        'x-client-cert-verify': 'SUCCESS',
        'x-client-cert-subject': String.raw`CN=alice,O=Example\, Inc.`,
        'x-client-cert-issuer': 'CN=CA of clients',
      });
      expect(told['client-cert']).to.match(/^:[A-Za-z0-9+/]+=*:$/);
      expect(told['x-client-cert-fingerprint']).to.match(/^[0-9a-f]{64}$/);
    });

    for (const [what, options] of [
      ['none', () => ({})],
      ['one of another CA', () => shows(stranger)],
    ] as const) {
      it(`answers 400 to who shows ${what} where one is required`, async () => {
        const { status, body } = await ask('secret.test', options());
        expect([status, body]).to.deep.equal([
          400,
          '400 Bad Request: a certificate is needed that this domain trusts\n',
        ]);
      });
    }

    it('knows what is revoked, also where a session would go on', async () => {
      const revoked = clients.issue({ subject: '/CN=bob' });
      const listed = (crl: string): object => ({
        client_certificates: { mode: 'required', ca: clients.certificate, crl },
      });
      const name = 'revoked.test';
      const statusOf = async (pair: Pair, session?: Buffer): Promise<number> =>
        (await ask(name, { ...shows(pair), ...(session !== undefined && { session }) })).status;
      plane.rule({ [name]: listed(clients.revoked()) });
      expect(await statusOf(revoked)).to.equal(200);
      const client = await SecureClient.connect(plane.port, { servername: name, ...shows(revoked) });
      const ticket = once(client.socket, 'session');
      await client.request('/', name);
      const [session] = (await ticket) as [Buffer]; // what the event tells
      plane.rule({ [name]: listed(clients.revoked(revoked)) });
      expect((await client.request('/', name)).status, 'the connection that is open').to.equal(421);
      client.destroy();
      expect([await statusOf(revoked), await statusOf(revoked, session), await statusOf(known)]).to.deep.equal([
        400, 400, 200,
      ]);
    });

    it('lets in who shows none, or another, where one is optional, and says so', async () => {
      const none = JSON.parse((await ask('optional.test')).body) as Record<string, string>;
      expect(none).to.include({ 'x-client-cert-verify': 'NONE' }).and.not.have.property('client-cert');
      const other = JSON.parse((await ask('optional.test', shows(stranger))).body) as Record<string, string>;
      expect(other['x-client-cert-verify']).to.match(/^FAILED:/);
      expect(other).to.not.have.any.keys('client-cert', 'x-client-cert-subject');
    });

    it('asks for none elsewhere', async () => {
      const { body } = await ask('free.test', shows(known));
      expect(body).to.not.match(/client-cert/i);
    });

    const FORGED =
      'Client-Cert: :forged:\r\nclient_cert: :forged:\r\nClient-Cert-Chain: :forged:\r\nX-Client-Cert-Subject: forged\r\nx_client_cert_verify: forged\r\nX-Client-Cert-Anything: forged\r\n';
    for (const [where, name] of [
      ['by TLS', 'free.test'],
      ['where certificates are optional', 'optional.test'],
    ] as const) {
      it(`forwards nothing that a client says of itself ${where}`, async () => {
        expect((await ask(name, {}, FORGED)).body).to.not.contain('forged');
      });
    }

    it('forwards nothing that a client says of itself in clear', async () => {
      const reply = await inClear('free.test', '/', { 'Client-Cert': 'forged', 'X-Client-Cert-Subject': 'forged' });
      expect(await reply.text()).to.not.contain('forged');
    });
  });

  describe('host and name that was asked for', () => {
    for (const [what, name, host, status] of [
      ['rules of its own behind a name without', 'free.test', 'secret.test', 421],
      ['no rules behind a name with some', 'secret.test', 'free.test', 421],
      ['a newer version wanted behind a name without', 'free.test', 'new.test', 421],
      ['the same rules', 'secret.test', 'secret2.test', 200],
      ['no rules behind a name without', 'free.test', 'b.test', 200],
    ] as const) {
      it(`answers ${status} for ${what}`, async () => {
        expect((await ask(host, shows(known), '', name)).status).to.equal(status);
      });
    }

    it('lets nobody in by rules that are no more', async () => {
      const client = await SecureClient.connect(plane.port, { servername: 'later.test' });
      expect(await client.request('/', 'later.test')).to.have.property('status', 200);
      plane.rule({ 'later.test': { client_certificates: { mode: 'required', ca: clients.certificate } } });
      expect(await client.request('/', 'later.test')).to.have.property('status', 421);
      plane.rule({ 'later.test': null });
    });
  });

  it('speaks no older version than the domain wants', async () => {
    const old = { maxVersion: 'TLSv1.2' } as const;
    expect(await ask('new.test')).to.have.property('status', 200);
    expect(await ask('free.test', old)).to.have.property('status', 200);
    const error = await ask('new.test', old).catch((reason: unknown) => reason);
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/protocol.version/);
  });

  for (const [what, document, at] of [
    ['an unknown member', { requires: true }, '/requires'],
    ['an unknown mode', { client_certificates: { mode: 'maybe' } }, '/client_certificates/mode'],
    ['certificates without a CA', { client_certificates: { mode: 'required' } }, '/client_certificates/ca'],
    [
      'a CA that is none',
      { client_certificates: { mode: 'required', ca: '-----BEGIN CERTIFICATE-----\n' } },
      '/client_certificates/ca',
    ],
    ['a version that is too old', { min_version: '1.1' }, '/min_version'],
    ['a wildcard without DNS', { acme: { names: ['*.a.test'] } }, '/acme/challenge'],
  ] as const) {
    it(`refuses a document with ${what}`, () => {
      expect(readDomainRules('a.test', document).problems.map((problem) => problem.at)).to.deep.equal([at]);
    });
  }
});
