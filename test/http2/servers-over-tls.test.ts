import { once } from 'node:events';
import http2, { type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { H2Client } from '../fixtures/h2-client.ts';
import { Rig } from '../fixtures/rig.ts';
import { TestCa } from '../fixtures/test-ca.ts';

describe('HTTP/2 over TLS to servers', () => {
  const rig = new Rig();
  const ca = new TestCa();
  const pair = ca.issue({ names: ['DNS:server.test'] });
  const own = { cert: pair.certificate, key: pair.key };
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await rig.stop();
    await Promise.all(endings.splice(0).map((end) => end()));
  });
  after(() => ca.remove());

  /** A server whose replies end with trailers; what it was asked, and by which session. */
  async function serve(): Promise<{ port: number; seen: IncomingHttpHeaders[]; sessions: tls.TLSSocket[] }> {
    const seen: IncomingHttpHeaders[] = [];
    const sessions: tls.TLSSocket[] = [];
    const server: Http2SecureServer = http2.createSecureServer(own);
    server.on('secureConnection', (socket: tls.TLSSocket) => sessions.push(socket));
    server.on('sessionError', () => undefined);
    server.on('stream', (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => {
      seen.push(fields);
      let body = '';
      stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
      stream.on('end', () => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(body.length) }));
        stream.end(`ok${body}`);
      });
    });
    return { port: await listen(server, sessions), seen, sessions };
  }

  async function listen(server: tls.Server | Http2SecureServer, sockets: readonly tls.TLSSocket[]): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endings.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    // A TCP server has an address with a port.
    return (server.address() as AddressInfo).port;
  }

  /** Asks twice, one after the other, through a plane before the server at `port`. */
  async function ask(port: number, options: object): Promise<Awaited<ReturnType<H2Client['ask']>>[]> {
    const plane = await rig.proxying([port], {}, { http: { protocol: 'h2' }, tls: options });
    const client = new H2Client(plane.port);
    const fields = { ':path': '/a', ':method': 'POST' };
    const replies = [await client.ask(fields, 'body'), await client.ask(fields, 'more')];
    await client.stop();
    return replies;
  }

  it('is agreed on in the handshake, and carries requests, bodies and trailers on one session', async () => {
    const { port, seen, sessions } = await serve();
    const replies = await ask(port, { ca: ca.certificate, server_name: 'server.test' });
    expect(replies[0]).to.include({ status: 200, text: 'okbody', code: 0 });
    expect(replies[1]).to.include({ status: 200, text: 'okmore', code: 0 });
    expect(replies[0]?.trailers).to.include({ 'x-sum': '4' });
    expect(seen[0]).to.include({ ':scheme': 'https', ':authority': 'a.test', ':path': '/a' });
    expect(sessions.map(({ alpnProtocol }) => alpnProtocol)).to.deep.equal(['h2']);
  });

  it('asks nothing of a server whose certificate is not trusted, or is for another name', async () => {
    const { port, seen } = await serve();
    for (const options of [{ server_name: 'server.test' }, { ca: ca.certificate, server_name: 'other.test' }])
      for (const { status } of await ask(port, options)) expect(status).to.be.oneOf([502, 503]);
    expect(seen).to.deep.equal([]);
  });

  it('asks nothing of a server that does not agree on it', async () => {
    const sockets: tls.TLSSocket[] = [];
    let told = 0;
    const server = tls.createServer({ ...own, ALPNProtocols: ['http/1.1'] }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => told++);
    });
    server.on('tlsClientError', () => undefined);
    const port = await listen(server, sockets);
    for (const { status } of await ask(port, { ca: ca.certificate, server_name: 'server.test' }))
      expect(status).to.be.oneOf([502, 503]);
    expect(told).to.equal(0);
  });
});
