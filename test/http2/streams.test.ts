import { once } from 'node:events';
import { constants } from 'node:http2';
import type { Writable } from 'node:stream';
import { expect } from 'chai';
import { H2Client, replyOn } from '../fixtures/h2-client.ts';
import { answering, type RawClient, type RawServer } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\nok';

describe('HTTP/2 of clients', () => {
  const rig = new Rig();
  const clients: H2Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
  });

  async function proxying(
    script: (connection: RawClient, index: number) => void,
    limits: Parameters<Rig['proxying']>[1] = {},
  ): Promise<{ client: H2Client; server: RawServer }> {
    const server = await rig.serve(script);
    const { port } = await rig.proxying([server.port], limits);
    return { client: connect(port), server };
  }

  function connect(port: number, options: ConstructorParameters<typeof H2Client>[1] = {}): H2Client {
    const client = new H2Client(port, options);
    clients.push(client);
    return client;
  }

  it('become the same head as those of HTTP/1.1', async () => {
    const { client, server } = await proxying(answering(OK));
    const reply = await client.ask({ ':path': '/a/../b?c=d', 'x-one': '1', cookie: ['a=1', 'b=2'], accept: '*/*' });
    expect(reply).to.include({ status: 200, text: 'ok', code: 0 });
    expect(reply.fields).to.include({ date: 'now', 'content-length': '2' });
    expect(server.connections[0]?.text).to.equal(
      'GET /b?c=d HTTP/1.1\r\nHost: a.test\r\nx-one: 1\r\naccept: */*\r\ncookie: a=1; b=2\r\n' +
        'X-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nREMOTE-HOST: 127.0.0.1\r\n' +
        'X-Forwarded-Host: a.test\r\n\r\n',
    );
  });

  it('have bodies with a length and without', async () => {
    const { client, server } = await proxying(answering(OK));
    await client.ask({ ':path': '/', ':method': 'POST', 'content-length': 5 }, 'hello');
    expect(server.connections[0]?.text).to.match(/content-length: 5\r\n[^]*\r\n\r\nhello$/);
    await client.ask({ ':path': '/', ':method': 'PUT' }, 'hello');
    const second = server.connections.at(-1)?.text ?? '';
    expect(second).to.match(/PUT [^]*Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
  });

  it('have trailers, both ways', async () => {
    const { client, server } = await proxying((connection) => {
      void connection.until(/\r\n0\r\n[^]*\r\n\r\n$/).then(() => {
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
        connection.write('0\r\nX-Sum: 7\r\n\r\n');
      });
    });
    const stream = client.session.request(
      { ':authority': 'a.test', ':path': '/', ':method': 'POST' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-asked': 'yes' }));
    stream.end('abc');
    const reply = await replyOn(stream);
    expect(reply).to.include({ status: 200, text: 'ok', code: 0 });
    expect(reply.trailers).to.include({ 'x-sum': '7' });
    expect(server.connections[0]?.text).to.match(/3\r\nabc\r\n0\r\nx-asked: yes\r\n\r\n$/);
  });

  it('get interim replies', async () => {
    const { client } = await proxying((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
        void connection.until(/5\r\nhello/).then(() => connection.write(OK));
      });
    });
    const stream = client.open({ ':path': '/', ':method': 'POST', expect: '100-continue' });
    stream.on('continue', () => stream.end('hello'));
    const reply = await replyOn(stream);
    expect(reply).to.include({ status: 200, text: 'ok' });
    expect(reply.interim).to.include(103);
  });

  it('answer HEAD, 204 and 304 without a body', async () => {
    const { client } = await proxying(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'));
    const head = await client.ask({ ':path': '/', ':method': 'HEAD' });
    expect(head).to.include({ status: 200, text: '', code: 0 });
    expect(head.fields['content-length']).to.equal('9');
    for (const status of [204, 304]) {
      const { client: other } = await proxying(answering(`HTTP/1.1 ${status} X\r\n\r\n`));
      expect(await other.ask({ ':path': '/' })).to.include({ status, text: '', code: 0 });
    }
  });

  it('pass on fields of replies but those about the connection', async () => {
    const { client } = await proxying(
      answering(
        'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\n' +
          'Keep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n',
      ),
    );
    const { fields } = await client.ask({ ':path': '/' });
    expect(fields['set-cookie']).to.deep.equal(['a=1', 'b=2']);
    expect(fields).to.not.have.any.keys('connection', 'keep-alive', 'x-hop');
  });

  it('are answered by ourselves where no server is asked', async () => {
    const { client } = await proxying(answering(OK));
    const unknown = await client.ask({ ':path': '/', ':authority': 'unknown.test' });
    expect(unknown).to.include({ status: 404, code: 0 });
    expect(unknown.text).to.contain('no domain');
    const upload = await client.ask(
      { ':path': '/', ':method': 'POST', ':authority': 'unknown.test' },
      'x'.repeat(9000),
    );
    expect(upload.status).to.equal(404);
  });

  it('run side by side, and one that is cut leaves the others', async () => {
    const { client } = await proxying((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        if (!connection.text.startsWith('GET /cut')) connection.write(OK);
        else {
          connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
          connection.socket.end();
        }
      });
    });
    const [cut, ...rest] = await Promise.all([
      client.ask({ ':path': '/cut' }),
      ...Array.from({ length: 20 }, (_, i) => client.ask({ ':path': `/${i}` })),
    ]);
    expect(cut).to.include({ status: 200, text: 'abc', code: constants.NGHTTP2_INTERNAL_ERROR });
    for (const reply of rest) expect(reply).to.include({ status: 200, text: 'ok', code: 0 });
  });

  it('take back what their client resets', async () => {
    const { client, server } = await proxying(() => undefined);
    const stream = client.open({ ':path': '/' }, false);
    await turnsUntil(() => server.connections[0]?.text.endsWith('\r\n\r\n') === true);
    stream.close(constants.NGHTTP2_CANCEL);
    await turnsUntil(() => server.connections[0]?.ended === true);
  });

  it('are answered before their body is there, which is not wanted then', async () => {
    const { client } = await proxying((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      });
    });
    const stream = client.open({ ':path': '/', ':method': 'POST' });
    stream.write('some');
    expect(await replyOn(stream)).to.include({ status: 403, text: 'no', code: constants.NGHTTP2_NO_ERROR });
  });

  it('hold a server back while their client takes nothing', async () => {
    let written = 0;
    const { client } = await proxying(
      (connection) => {
        void connection.until(/\r\n\r\n/).then(() => {
          connection.write('HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n');
          written += fill(connection.socket, 40_000_000, (bytes) => (written += bytes));
        });
      },
      { sendMs: 300 },
    );
    const stream = client.open({ ':path': '/' }, false);
    // Nothing has moved for as long as that when it is given up.
    await new Promise((resolve) => void stream.on('close', resolve));
    expect(stream.rstCode).to.equal(constants.NGHTTP2_INTERNAL_ERROR);
    expect(written).to.be.within(1, 20_000_000);
  });

  it('take a large reply at the pace of their client', async () => {
    const { client } = await proxying((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n');
        fill(connection.socket, 4_000_000, () => undefined);
      });
    });
    const stream = client.open({ ':path': '/' }, false);
    let read = 0;
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
      // Not before ELB has answered something else.
      stream.pause();
      client.session.ping(() => stream.resume());
    });
    await once(stream, 'end');
    expect(read).to.equal(4_000_000);
  });

  it('are held back while their server takes nothing', async () => {
    const { client, server } = await proxying((connection) => connection.socket.pause(), { readMs: 300 });
    const stream = client.open({ ':path': '/', ':method': 'POST' });
    let written = 0;
    written += fill(stream, 40_000_000, (bytes) => (written += bytes));
    // The server has been silent, and taken nothing, for as long as that.
    expect(await replyOn(stream)).to.include({ status: 504 });
    expect(written).to.be.below(20_000_000);
    expect(server.connections).to.have.length(1);
  });

  it('are reset where their client has left the reply untaken for too long', async () => {
    const { client, server } = await proxying(
      answering(`HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n${'x'.repeat(4_000_000)}`),
      { sendMs: 200 },
    );
    const stream = client.open({ ':path': '/' }, false);
    await once(stream, 'response');
    await new Promise((resolve) => void stream.on('close', resolve));
    expect(stream.rstCode).to.equal(constants.NGHTTP2_INTERNAL_ERROR);
    await turnsUntil(() => server.connections[0]?.closed === true || server.connections[0]?.ended === true);
    expect((await client.ask({ ':path': '/missing', ':authority': 'unknown.test' })).status).to.equal(404);
  });

  it('are bounded, and more than that many at once are refused', async () => {
    const { client } = await proxying(() => undefined, { maxStreams: 5 });
    await once(client.session, 'remoteSettings');
    expect(client.session.remoteSettings.maxConcurrentStreams).to.equal(5);
  });

  it('are not spoken where the listener says so', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    // Behind a request of HTTP/1.1 there is no preface.
    await client.until(/HTTP\/1\.1 505 /);
  });
});

/** Writes so many bytes as they are taken, and tells of those that follow the first. */
function fill(to: Writable, length: number, told: (bytes: number) => void): number {
  const piece = Buffer.alloc(50_000);
  let left = length;
  const more = (): number => {
    const before = left;
    let takes = true;
    while (left > 0 && takes) {
      takes = to.write(piece);
      left -= piece.length;
    }
    return before - left;
  };
  to.on('drain', () => told(more()));
  return more();
}
