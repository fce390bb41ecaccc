import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import type { TestPlane } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** A real TLS server, which tells what it has seen of each connection. */
interface SecureServer {
  readonly port: number;
  readonly seen: { servername: string | false; reused: boolean; client: string | null; protocol: string | null }[];
  stop(): Promise<void>;
}

async function startSecureServer(certificates: Certificates, options: tls.TlsOptions = {}): Promise<SecureServer> {
  const seen: SecureServer['seen'] = [];
  const sockets = new Set<tls.TLSSocket>();
  const server = tls.createServer(
    { cert: readFileSync(certificates.cert), key: readFileSync(certificates.key), ...options },
    (socket) => {
      sockets.add(socket);
      const peer = socket.getPeerCertificate();
      seen.push({
        // The published types do not know it.
        servername: (socket as tls.TLSSocket & { servername: string | false }).servername,
        reused: socket.isSessionReused(),
        client: peer?.subject?.CN?.toString() ?? null,
        protocol: socket.getProtocol(),
      });
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(OK));
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A TCP server has an address with a port.
    port: (server.address() as AddressInfo).port,
    seen,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('TLS to servers', () => {
  const rig = new Rig();
  let certificates: Certificates;
  let other: Certificates;
  let ca: string;
  const servers: SecureServer[] = [];

  before(async () => {
    [certificates, other] = await Promise.all([makeCertificates(), makeCertificates('192.0.2.1')]);
    ca = readFileSync(certificates.ca, 'utf8');
  });
  after(() => Promise.all([certificates.remove(), other.remove()]));
  afterEach(async () => {
    await rig.stop();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function serve(options: tls.TlsOptions = {}, own = certificates): Promise<SecureServer> {
    const server = await startSecureServer(own, options);
    servers.push(server);
    return server;
  }

  async function ask(plane: TestPlane): Promise<number> {
    const client = await rig.client(plane.port);
    client.write(GET);
    const text = await client.until(/\r\n\r\n/);
    client.destroy();
    return Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
  }

  const trust: readonly [string, () => object, number][] = [
    ['a CA that is given as text', () => ({ ca }), 200],
    ['a CA that is given as a file', () => ({ ca: certificates.ca }), 200],
    ['the CA of another', () => ({ ca: readFileSync(other.ca, 'utf8') }), 502],
    ['the CAs of this machine', () => ({}), 502],
    ['nobody, for a name that the certificate is not for', () => ({ ca, server_name: 'b.test' }), 502],
    ['everybody, where that is said', () => ({ verify: false }), 200],
    ['a version that the server speaks', () => ({ ca, min_version: 'TLSv1.3' }), 200],
  ];
  for (const [whom, settings, status] of trust)
    it(`answers ${status} trusting ${whom}`, async () => {
      const { port } = await serve();
      expect(await ask(await rig.proxying([port], {}, { tls: { enabled: true, ...settings() } }))).to.equal(status);
    });

  it('refuses a certificate that is for another address', async () => {
    const { port } = await serve({}, other);
    const theirs = readFileSync(other.ca, 'utf8');
    expect(await ask(await rig.proxying([port], {}, { tls: { enabled: true, ca: theirs } }))).to.equal(502);
    const named = { enabled: true, ca: theirs, server_name: '192.0.2.1' };
    expect(await ask(await rig.proxying([port], {}, { tls: named }))).to.equal(200);
  });

  it('refuses an older version than the least', async () => {
    const { port } = await serve({ maxVersion: 'TLSv1.2' });
    expect(await ask(await rig.proxying([port], {}, { tls: { enabled: true, ca, min_version: 'TLSv1.3' } }))).to.equal(
      502,
    );
    expect(await ask(await rig.proxying([port], {}, { tls: { enabled: true, ca } }))).to.equal(200);
  });

  it('asks for the name of the server, or for another one, and for none where it is an address', async () => {
    const server = await serve();
    const { port } = server;
    const named = [{ port, name: `localhost:${port}` }];
    await ask(await rig.proxying(named, {}, { tls: { enabled: true, verify: false } }));
    await ask(await rig.proxying([port], {}, { tls: { enabled: true, verify: false, server_name: 'b.test' } }));
    await ask(await rig.proxying([port], {}, { tls: { enabled: true, verify: false } }));
    expect(server.seen.map(({ servername }) => servername)).to.deep.equal(['localhost', 'b.test', false]);
  });

  it('shows its certificate to a server that wants one', async () => {
    const server = await serve({ requestCert: true, rejectUnauthorized: true, ca: readFileSync(certificates.ca) });
    const { port } = server;
    const certificate = readFileSync(certificates.cert, 'utf8');
    const shown = { enabled: true, ca, certificate, key: certificates.key };
    expect(await ask(await rig.proxying([port], {}, { tls: shown }))).to.equal(200);
    expect(server.seen[0]?.client).to.be.a('string');
    expect(await ask(await rig.proxying([port], {}, { tls: { enabled: true, ca } }))).to.equal(502);
  });

  for (const reuse of [true, false])
    it(`${reuse ? 'goes on with' : 'leaves alone'} the session of an earlier connection`, async () => {
      const server = await serve();
      const options = { tls: { enabled: true, ca, reuse_sessions: reuse }, connections: { max_requests: 1 } };
      const plane = await rig.proxying([server.port], {}, options);
      // The first reply may come before the first ticket.
      for (let i = 0; i < 3; i++) expect(await ask(plane)).to.equal(200);
      expect(server.seen).to.have.length(3);
      expect(server.seen[2]?.reused).to.equal(reuse);
    });

  it('makes its connections anew when what they are made with changes, and keeps them when something else does', async () => {
    const server = await serve();
    const up = [server.port];
    const plane = await rig.proxying(up, {}, { tls: { enabled: true, ca } });
    const put = (options: object): void => {
      plane.put({ domains: { 'a.test': 'up' }, upstreams: { up }, options: { up: options } });
    };
    await ask(plane);
    put({ tls: { enabled: true, ca }, timeouts: { read: '7s' } });
    await ask(plane);
    expect(server.seen).to.have.length(1);
    put({ tls: { enabled: true, ca, min_version: 'TLSv1.3' } });
    expect(await ask(plane)).to.equal(200);
    expect(server.seen).to.have.length(2);
    put({ tls: { enabled: true } });
    expect(await ask(plane), 'nothing is left that was verified by what no longer counts').to.equal(502);
  });

  it('verifies a server that a graph names by https, by the CA of the program', async () => {
    const { port } = await serve();
    const domains = { 'a.test': `https://127.0.0.1:${port}` };
    expect(await ask(await rig.plane({ domains }))).to.equal(502);
    expect(await ask(await rig.plane({ domains }, {}, { serverCa: ca }))).to.equal(200);
    const named = { domains, options: { [`https://127.0.0.1:${port}`]: { tls: { verify: false } } } };
    expect(await ask(await rig.plane(named))).to.equal(200);
  });
});
