import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createSecureServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KeptLines, type CheckTls } from '../../lib/health/check.ts';
import { ConnectCheck } from '../../lib/health/connect-check.ts';
import { Glances } from '../../lib/health/glances.ts';
import { GrpcCheck } from '../../lib/health/grpc-check.ts';
import { HttpCheck } from '../../lib/health/http-check.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { startRawServer } from '../fixtures/plane.ts';
import { startProgram, type Program } from '../fixtures/program.ts';
import { Rig } from '../fixtures/rig.ts';

/** tinyproxy, which wants credentials and tunnels to any port. */
describe('a forward proxy to servers', () => {
  const rig = new Rig();
  const folder = mkdtempSync(join(tmpdir(), 'elb-proxy-'));
  const servers: Server[] = [];
  let certificates: Certificates;
  let proxy: Program;
  let via: string;
  const log = join(folder, 'log');

  before(async () => {
    certificates = await makeCertificates();
    const port = freePort();
    const config = `Port ${port}
Listen 127.0.0.1
Timeout 600
MaxClients 100
LogFile "${log}"
LogLevel Connect
BasicAuth elb secret
`;
    writeFileSync(join(folder, 'conf'), config);
    proxy = await startProgram(['tinyproxy', '-d', '-c', join(folder, 'conf')], port);
    via = `http://elb:secret@127.0.0.1:${port}`;
  });
  after(async () => {
    await proxy.stop();
    await certificates.remove();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    await rig.stop();
    for (const server of servers.splice(0)) server.close();
  });

  /** Says how the request has come, with its body, on a connection that it keeps. */
  const answer: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const from = `${request.httpVersion} ${request.headers['proxy-authorization'] ?? 'no credentials'}`;
      const text = `${from} ${request.url} ${Buffer.concat(parts).length}`;
      response.setHeader('Content-Length', text.length);
      response.end(text);
    });
  };

  async function listening(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port; // it listens on TCP
  }

  function keys(): { cert: Buffer; key: Buffer } {
    return { cert: readFileSync(certificates.cert), key: readFileSync(certificates.key) };
  }

  /** How often a tunnel to that port was asked for. */
  function tunnels(port: number): number {
    return readFileSync(log, 'utf8').split(`CONNECT 127.0.0.1:${port} `).length - 1;
  }

  const kinds: readonly (readonly [what: string, start: () => Promise<number>, options: () => object, says: string])[] =
    [
      ['plain', () => listening(createServer(answer)), () => ({}), '1.1'],
      [
        'TLS',
        () => listening(createSecureServer(keys(), answer)),
        () => ({ tls: { enabled: true, ca: certificates.ca } }),
        '1.1',
      ],
      [
        'HTTP/2',
        // The published types know nothing of the compatible form.
        () => listening(createHttp2Server(keys(), answer as never) as unknown as Server),
        () => ({ http: { protocol: 'h2' }, tls: { ca: certificates.ca } }),
        '2.0',
      ],
    ];
  for (const [what, start, options, says] of kinds) {
    it(`takes connections to servers, ${what}, which are kept; bodies go both ways`, async () => {
      const port = await start();
      const plane = await rig.proxying([port], {}, { ...options(), connections: { forward_proxy: via } });
      const client = await rig.client(plane.port);
      for (const size of [0, 1, 300_000]) {
        client.received = Buffer.alloc(0);
        client.write(`PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`);
        expect(await client.until(new RegExp(` /x ${size}\\b`))).to.match(/^HTTP\/1\.1 200/);
        expect(client.text).to.contain(`${says} no credentials /x ${size}`);
      }
      expect(tunnels(port)).to.equal(1);
    });
  }

  it('that refuses, is away, or is none, is a failure to connect: another server is asked', async () => {
    const good = await listening(createServer(answer));
    const raw = await startRawServer((connection) =>
      connection.socket.once('data', () => connection.write('what?\r\n\r\n')),
    );
    const bad = [via.replace('secret', 'wrong'), `http://127.0.0.1:${freePort()}`, `http://127.0.0.1:${raw.port}`];
    for (const forwardProxy of bad) {
      const plane = await rig.proxying([good], {}, { connections: { forward_proxy: forwardProxy } });
      const client = await rig.client(plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      expect(await client.until(/\r\n\r\n/), forwardProxy).to.match(/^HTTP\/1\.1 502/);
      await rig.stop();
    }
    await raw.stop();
  });

  it('takes checks, too', async () => {
    const port = await listening(createServer(answer));
    const secure = await listening(createSecureServer(keys(), answer));
    const { connections } = readOptions({ connections: { forward_proxy: via } }).options;
    const place = (to: number) => ({ host: '127.0.0.1', port: to, name: 'web.test', via: connections.via });
    const { health } = readOptions({ health: { kind: 'http' } }).options;
    if (health.checks?.kind !== 'http') throw new Error('no such options');
    const means = { greeting: '', kept: new KeptLines(9), glances: new Glances() };
    const tls: CheckTls = {
      ca: readFileSync(certificates.ca),
      servername: '',
      checkServerIdentity: (_name, certificate) => checkServerIdentity('127.0.0.1', certificate),
    };
    for (const [to, how] of [
      [port, null],
      [secure, tls],
    ] as const) {
      const check = new HttpCheck(health.checks, place(to), how, means);
      for (let i = 0; i < 5; i++) expect(await checkOnce(check)).to.equal('pass status 200');
      check.close();
      expect(tunnels(to)).to.equal(1);
    }
    const streams = await listening(createHttp2Server(keys(), answer as never) as unknown as Server);
    const grpc = new GrpcCheck({ kind: 'grpc', secure: true, host: null, service: '' }, place(streams), tls);
    // It is HTTP/2, and no gRPC.
    expect(await checkOnce(grpc)).to.equal('fail no gRPC reply');
    grpc.close();
    expect(tunnels(streams)).to.equal(1);
    const tcp = new ConnectCheck({ kind: 'tcp', send: '', expect: null }, place(freePort()), null);
    expect(await checkOnce(tcp)).to.match(/^fail /);
  });

  it('is a URL of a host and a port', () => {
    const problems = (text: string) =>
      readOptions({ connections: { forward_proxy: text } }).problems.map(({ at }) => at);
    expect(problems('http://[::1]:3128')).to.deep.equal([]);
    for (const text of ['https://a:1', 'a:3128', 'http://', 'http://a:3128/path', 'http://a:99999', 'http://a?x'])
      expect(problems(text), text).to.deep.equal(['/connections/forward_proxy']);
    expect(
      readOptions({ connections: { forward_proxy: 'http://elb:se%40cret@a:3128' } }).options.connections.via,
    ).to.include({
      authorization: `Basic ${Buffer.from('elb:se@cret').toString('base64')}`,
    });
  });
});
