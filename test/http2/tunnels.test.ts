import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http2, { type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { H2Client, replyOn } from '../fixtures/h2-client.ts';
import type { RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const ASK = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'http',
  ':path': '/chat',
  ':authority': 'a.test',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'chat',
};

/** Agrees as RFC 6455 4.2.2 has it, then sends back what comes. */
function agrees(connection: RawClient): void {
  void connection.until(/\r\n\r\n/).then(() => {
    const key = /Sec-WebSocket-Key: (.*)\r\n/i.exec(connection.text)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    connection.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nfirst`,
    );
    connection.socket.on('data', (bytes: Buffer) => connection.socket.write(bytes));
    connection.socket.on('end', () => connection.socket.end());
  });
}

describe('WebSocket in HTTP/2 (RFC 8441)', () => {
  const rig = new Rig();
  const clients: H2Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
  });

  async function asking(
    script: (connection: RawClient) => void,
  ): Promise<{ stream: ClientHttp2Stream; connection: () => RawClient | undefined }> {
    const server = await rig.serve(script);
    const { port } = await rig.proxying([server.port]);
    const client = new H2Client(port);
    clients.push(client);
    await once(client.session, 'remoteSettings');
    expect(client.session.remoteSettings.enableConnectProtocol).to.equal(true);
    const stream = client.session.request(ASK);
    stream.on('error', () => undefined);
    return { stream, connection: () => server.connections[0] };
  }

  it('is an upgrade to a server of HTTP/1.1, then bytes both ways and an end of each side', async () => {
    const { stream, connection } = await asking(agrees);
    let text = '';
    stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(fields).to.include({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    expect(fields).to.not.have.any.keys('upgrade', 'connection', 'sec-websocket-accept');
    stream.write('ping');
    await turnsUntil(() => text === 'firstping');
    expect(connection()?.text).to.match(/^GET \/chat HTTP\/1\.1\r\nHost: a\.test\r\n[^]*Connection: upgrade\r\n/);
    const ended = once(stream, 'close');
    stream.end();
    await ended;
    expect(stream.rstCode).to.equal(0);
  });

  it('is not begun by a server that agrees without proof', async () => {
    const { stream } = await asking((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write(
          'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
        );
      });
    });
    const reply = await replyOn(stream);
    expect(reply.status).to.equal(0);
    expect(reply.code).to.not.equal(0);
  });

  it('is refused as a server refuses it, and a success that is no agreement is none', async () => {
    for (const [answered, status] of [
      ['403 Forbidden', 403],
      ['200 OK', 502],
    ] as const) {
      const { stream } = await asking((connection) => {
        void connection
          .until(/\r\n\r\n/)
          .then(() => connection.write(`HTTP/1.1 ${answered}\r\nContent-Length: 0\r\n\r\n`));
      });
      expect((await replyOn(stream)).status).to.equal(status);
    }
  });

  it('takes the server along when its client goes, and the other way round', async () => {
    const one = await asking(agrees);
    await once(one.stream, 'response');
    one.stream.close(http2.constants.NGHTTP2_CANCEL);
    await turnsUntil(() => one.connection()?.ended === true || one.connection()?.closed === true);
    const two = await asking(agrees);
    await once(two.stream, 'response');
    two.stream.on('end', () => two.stream.end());
    two.stream.resume();
    two.connection()?.socket.destroy();
    await new Promise((resolve) => void two.stream.on('close', resolve));
  });

  it('goes on as an extended CONNECT to a server of HTTP/2', async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    const seen: http2.IncomingHttpHeaders[] = [];
    server.on('stream', (stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders) => {
      seen.push(fields);
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server has an address with a port.
    const { port } = server.address() as AddressInfo;
    const plane = await rig.proxying([port], {}, { http: { protocol: 'h2c' } });
    const client = new H2Client(plane.port);
    clients.push(client);
    await once(client.session, 'remoteSettings');
    const stream = client.session.request(ASK);
    stream.on('error', () => undefined);
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(fields[':status']).to.equal(200);
    stream.write('ping');
    expect(String((await once(stream, 'data'))[0])).to.equal('ping');
    expect(seen[0]).to.include({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' });
    const raw = await rig.client(plane.port);
    raw.write(
      'GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await raw.until(/^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n[^]*\r\n\r\n/);
    raw.write('again');
    await raw.until(/again$/);
    server.close();
  });
});
