import { once } from 'node:events';
import http2, { type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { expect } from 'chai';
import { H2Client, replyOn } from '../fixtures/h2-client.ts';
import { answering, type RawClient } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';
import { OK } from '../peers/servers.ts';

/** Where RFC 9110 and RFC 9113 leave a choice, or a limit of ours ends one. */
describe('HTTP/2, where there is a choice', () => {
  const rig = new Rig();
  const clients: H2Client[] = [];
  const servers: http2.Http2Server[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
    for (const server of servers.splice(0)) server.close();
  });

  function connect(port: number): H2Client {
    const client = new H2Client(port);
    clients.push(client);
    return client;
  }

  /** Sends a body of three bytes and a trailer of so many. */
  async function post(
    client: H2Client,
    fields: object,
    trailerBytes: number,
  ): Promise<{ status: number; code: number }> {
    const stream = client.session.request(
      { ':authority': 'a.test', ':path': '/', ':method': 'POST', ...fields },
      { waitForTrailers: true },
    );
    stream.on('error', () => undefined);
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers({ 'x-sum': 'x'.repeat(trailerBytes) });
    });
    stream.end('abc');
    return replyOn(stream);
  }

  it('request trailers behind a Content-Length end with us: a message with a length has no place for them (RFC 9110 6.5.1)', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/abc$/).then(() => connection.write(OK));
    });
    const { port } = await rig.proxying([server.port]);
    expect(await post(connect(port), { 'content-length': 3 }, 9)).to.include({ status: 200, code: 0 });
    expect(server.connections[0]?.text).to.match(/content-length: 3\r\n[^]*\r\n\r\nabc$/);
  });

  it('trailers beyond 8 KiB are too many, those below go through', async () => {
    const server = await rig.serve(answeringChunked);
    const { port } = await rig.proxying([server.port]);
    expect(await post(connect(port), {}, 8000)).to.include({ status: 200, code: 0 });
    expect(server.connections[0]?.text).to.match(/\r\n0\r\nx-sum: x{8000}\r\n\r\n$/);
    const refused = await post(connect(port), {}, 9000);
    expect([refused.status, refused.code]).to.not.deep.equal([200, 0]);
  });

  it('who waits for 100 Continue gets it from a server that speaks HTTP/2', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = http2.createServer();
    servers.push(server);
    // Node tells of neither without it.
    server.on('request', () => undefined);
    server.on('checkContinue', (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
      seen.push(request.headers);
      response.writeContinue();
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => response.end(`got ${body}`));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const plane = await rig.proxying([port], {}, { http: { protocol: 'h2c' } });

    const raw = await rig.client(plane.port);
    raw.write('POST /1 HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await raw.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    raw.write('hello');
    await raw.until(/HTTP\/1\.1 200 OK\r\n[^]*got hello\r\n/);

    const stream = connect(plane.port).open({ ':path': '/2', ':method': 'POST', expect: '100-continue' });
    stream.on('continue', () => stream.end('there'));
    expect(await replyOn(stream)).to.include({ status: 200, text: 'got there' });
    expect(seen.map(({ expect: expectation }) => expectation)).to.deep.equal(['100-continue', '100-continue']);
  });

  it('who waits for 100 Continue gets it from us where we need the body first', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/"a":1\}/).then(() => connection.write(OK));
    });
    const schema = { type: 'object', required: ['a'] };
    const graph = {
      init: 'check',
      rules: {
        check: { type: 'validate', args: { json: schema, next: 'up', invalid: 'bad' } },
        up: { type: 'backend', args: { servername: 'up' } },
        bad: { type: 'respond', args: { status: 422 } },
      },
    };
    const { port } = await rig.plane({ domains: { 'a.test': graph }, upstreams: { up: [server.port] } });
    const fields = { ':path': '/', ':method': 'POST', 'content-type': 'application/json', expect: '100-continue' };
    for (const [body, status] of [
      ['{"a":1}', 200],
      ['{}', 422],
    ] as const) {
      const stream = connect(port).open(fields);
      stream.on('continue', () => stream.end(body));
      expect(await replyOn(stream)).to.include({ status });
    }
    // It was kept from the server, which would have said the same again.
    expect(server.connections[0]?.text).to.not.match(/expect:/i);
  });

  it('a listener in clear that is told so speaks HTTP/1 only', async () => {
    const server = await rig.serve(answering(OK));
    const [on, off] = await Promise.all([true, false].map((h2) => listening(server.port, h2)));
    expect(await connect(on ?? 0).ask({ ':path': '/' })).to.include({ status: 200 });
    const raw = await rig.client(off ?? 0);
    raw.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await raw.untilClosed();
    expect(raw.text).to.match(/^HTTP\/1\.1 505 /);
    const plain = await rig.client(off ?? 0);
    plain.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await plain.until(/ok$/);
  });

  async function listening(server: number, h2: boolean): Promise<number> {
    const handle = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const { port } = handle.address();
    const address = { kind: 'tcp', host: '127.0.0.1', port, options: { tls: false, proxy: false, h2 } } as const;
    const table = { domains: { 'a.test': 'up' }, upstreams: { up: [server] } };
    await rig.plane(table, {}, { listeners: [{ address, handle }] });
    return port;
  }
});

function answeringChunked(connection: RawClient): void {
  void connection.until(/\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/).then(() => connection.write(OK));
}
