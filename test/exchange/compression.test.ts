import { createGunzip } from 'node:zlib';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { H2Client } from '../fixtures/h2-client.ts';
import type { RawClient, TestPlane } from '../fixtures/plane.ts';
import { answering } from '../fixtures/plane.ts';
import { decoded, rawReply, type RawReply } from '../fixtures/raw-reply.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const TEXT = 'All that is gold does not glitter. '.repeat(200);

describe('compression of replies', () => {
  const rig = new Rig();
  const sessions: H2Client[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.stop();
    await rig.stop();
  });

  /** A plane before a server that always gives this reply. */
  async function before(reply: string, options: object = {}): Promise<TestPlane> {
    const server = await rig.serve(answering(reply));
    return rig.proxying([server.port], {}, { compression: { enabled: true, ...options } });
  }

  async function ask(
    plane: TestPlane,
    lines = 'Accept-Encoding: gzip\r\n',
    line = 'GET / HTTP/1.1',
  ): Promise<RawReply> {
    const client = await rig.client(plane.port);
    client.write(`${line}\r\nHost: a.test\r\n${lines}Connection: close\r\n\r\n`);
    return rawReply(await client.untilClosed());
  }

  const reply = (fields: string, body = TEXT, status = '200 OK'): string =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;

  it('of a 304 the tag is as weak as the one that the client knows', async () => {
    const plane = await before('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n');
    for (const [known, etag, vary] of [
      ['W/"x"', 'W/"x"', 'Accept-Encoding'],
      ['"y", W/"x"', 'W/"x"', 'Accept-Encoding'],
      ['"x"', '"x"', undefined],
    ] as const) {
      const { status, fields } = await ask(plane, `If-None-Match: ${known}\r\nAccept-Encoding: gzip\r\n`);
      expect([status, fields['etag'], fields['vary']], known).to.deep.equal([304, etag, vary]);
    }
  });

  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    it(`in ${coding}: another representation, and says so`, async () => {
      const plane = await before(reply('ETag: "x"\r\nAccept-Ranges: bytes\r\nContent-MD5: abc\r\nX-A: 1\r\n'));
      const { status, fields, body, isWhole } = await ask(plane, `Accept-Encoding: ${coding}\r\n`);
      expect([status, isWhole]).to.deep.equal([200, true]);
      expect(decoded(body, coding)).to.equal(TEXT);
      expect(body.length).to.be.below(TEXT.length / 4);
      const { date, ...rest } = fields;
      expect(date).to.be.a('string');
      expect(rest).to.deep.equal({
        'content-type': 'text/plain',
        'x-a': '1',
        vary: 'Accept-Encoding',
        'content-encoding': coding,
        etag: 'W/"x"',
        'transfer-encoding': 'chunked',
        connection: 'close',
      });
    });
  }

  describe('is for some replies only', () => {
    const plain: Readonly<Record<string, string>> = {
      'of another type': reply('').replace('text/plain', 'image/png'),
      'without a type': reply('').replace(/Content-Type.*\r\n/, ''),
      gRPC: reply('').replace('text/plain', 'application/grpc+proto'),
      'shorter than worth it': reply('', 'x'.repeat(1023)),
      'encoded already': reply('Content-Encoding: br\r\n'),
      'not to be transformed': reply('Cache-Control: public, No-Transform\r\n'),
      'a part': reply('Content-Range: bytes 0-6999/9000\r\n', TEXT, '206 Partial Content'),
      'without a body': 'HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\n\r\n',
      'not modified': 'HTTP/1.1 304 Not Modified\r\nContent-Type: text/plain\r\nETag: "x"\r\n\r\n',
    };
    for (const [name, text] of Object.entries(plain)) {
      it(name, async () => {
        const { fields, body } = await ask(await before(text, { types: ['text/plain', 'application/*'] }));
        expect(fields['content-encoding']).to.equal(name === 'encoded already' ? 'br' : undefined);
        expect(fields['vary']).to.equal(undefined);
        expect(fields['etag']).to.equal(name === 'not modified' ? '"x"' : undefined);
        expect(body.toString('latin1')).to.equal(text.slice(text.indexOf('\r\n\r\n') + 4));
      });
    }

    it('of types that are named, by a star or with parameters', async () => {
      const plane = await before(reply('').replace('text/plain', 'Text/HTML; charset=utf-8'), { types: ['text/*'] });
      expect((await ask(plane)).fields['content-encoding']).to.equal('gzip');
      plane.put({ options: { up: { compression: { enabled: true, types: ['text/plain'] } } } });
      expect((await ask(plane)).fields['content-encoding']).to.equal(undefined);
      plane.put({ options: { up: { compression: { enabled: true, types: ['*'] } } } });
      expect((await ask(plane)).fields['content-encoding']).to.equal('gzip');
      plane.put({ options: { up: {} } });
      expect((await ask(plane)).fields).to.not.have.any.keys('content-encoding', 'vary');
    });

    it('from that length on', async () => {
      const plane = await before(reply('', 'x'.repeat(1024)));
      expect(decoded((await ask(plane)).body, 'gzip')).to.equal('x'.repeat(1024));
      plane.put({ options: { up: { compression: { enabled: true, min_length: 1025 } } } });
      expect((await ask(plane)).fields['content-encoding']).to.equal(undefined);
    });

    it('as the graph has changed their heads', async () => {
      const server = await rig.serve(answering(reply('ETag: "x"\r\n')));
      const graph = (args: object) => ({
        init: 'a',
        rules: {
          a: { type: 'response-headers', args: { ...args, next: 'b' } },
          b: { type: 'backend', args: { servername: 'up' } },
        },
      });
      const plane = await rig.plane({
        domains: { 'a.test': graph({ set: { 'Cache-Control': 'no-transform' } }) },
        upstreams: { up: [server.port] },
        options: { up: { compression: { enabled: true } } },
      });
      expect((await ask(plane)).fields['content-encoding']).to.equal(undefined);
      plane.put({ domains: { 'a.test': graph({ set: { ETag: '"graph"' }, add: { Vary: 'Origin' } }) } });
      const { fields } = await ask(plane);
      expect(fields).to.include({ 'content-encoding': 'gzip', etag: 'W/"graph"', vary: 'Origin, Accept-Encoding' });
    });
  });

  it('is for clients that accept it; others are told that it depends', async () => {
    const plane = await before(reply('ETag: "x"\r\n'));
    for (const lines of ['', 'Accept-Encoding: identity\r\n', 'Accept-Encoding: gzip;q=0\r\n']) {
      const { fields, body } = await ask(plane, lines);
      expect(fields).to.include({ vary: 'Accept-Encoding', etag: '"x"', 'content-length': String(TEXT.length) });
      expect(body.toString('latin1')).to.equal(TEXT);
    }
    const left = await ask(plane, 'Accept-Encoding: gzip\r\nCache-Control: no-transform\r\n');
    expect(left.fields['content-encoding']).to.equal(undefined);
  });

  it('says nothing twice in Vary, and leaves a weak tag', async () => {
    const plane = await before(reply('Vary: Origin, accept-encoding\r\nETag: W/"x"\r\n'));
    expect((await ask(plane)).fields).to.include({ vary: 'Origin, accept-encoding', etag: 'W/"x"' });
  });

  it('a reply to HEAD is the head of the one to GET', async () => {
    const plane = await before(`${reply('ETag: "x"\r\n').slice(0, -TEXT.length)}`);
    const { fields, body } = await ask(plane, 'Accept-Encoding: gzip\r\n', 'HEAD / HTTP/1.1');
    expect(fields).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding', etag: 'W/"x"' });
    expect(fields).to.not.have.any.keys('content-length');
    expect(body.length).to.equal(0);
  });

  it('ends the connection of a client of HTTP/1.0, which knows no chunks', async () => {
    const plane = await before(reply(''));
    const lines = 'Accept-Encoding: gzip\r\nConnection: keep-alive\r\n';
    const client = await rig.client(plane.port);
    client.write(`GET / HTTP/1.0\r\nHost: a.test\r\n${lines}\r\n`);
    const { fields, body } = rawReply(await client.untilClosed());
    expect(fields).to.include({ 'content-encoding': 'gzip', connection: 'close' });
    expect(fields).to.not.have.any.keys('content-length', 'transfer-encoding');
    expect(decoded(body, 'gzip')).to.equal(TEXT);
  });

  it('goes on with the connections of both sides, also where requests are pipelined', async () => {
    const server = await rig.serve(answering(reply('')));
    const plane = await rig.proxying([server.port], {}, { compression: { enabled: true } });
    const client = await rig.client(plane.port);
    const request = 'GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n';
    client.write(request.repeat(5));
    await turnsUntil(() => client.text.split('\r\n0\r\n\r\n').length === 6);
    const replies = client.text.split('\r\n0\r\n\r\n').slice(0, 5);
    for (const text of replies) expect(decoded(rawReply(`${text}\r\n0\r\n\r\n`).body, 'gzip')).to.equal(TEXT);
    expect(server.connections).to.have.length(1);
  });

  for (const offload of [false, true])
    it(`${offload ? 'keeps Accept-Encoding from' : 'passes Accept-Encoding on to'} servers: offload ${offload}`, async () => {
      const server = await rig.serve(answering(reply('')));
      const plane = await rig.proxying([server.port], {}, { compression: { enabled: true, offload } });
      expect((await ask(plane)).fields['content-encoding']).to.equal('gzip');
      expect(server.connections[0]?.text.includes('Accept-Encoding: gzip\r\n')).to.equal(!offload);
    });

  it('passes trailers on behind the compressed body', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
    const plane = await before(`${head}${TEXT.length.toString(16)}\r\n${TEXT}\r\n0\r\nX-Sum: 7\r\n\r\n`);
    const { body, trailers } = await ask(plane);
    expect(decoded(body, 'gzip')).to.equal(TEXT);
    expect(trailers).to.equal('X-Sum: 7\r\n');
  });

  it('ends with a body that its server ends by closing', async () => {
    const server = await rig.serve((connection) => {
      connection.socket.once('data', () => {
        connection.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${TEXT}`);
      });
    });
    const plane = await rig.proxying([server.port], {}, { compression: { enabled: true } });
    const { body, isWhole } = await ask(plane);
    expect([decoded(body, 'gzip'), isWhole]).to.deep.equal([TEXT, true]);
  });

  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    it(`events arrive when they happen: ${coding}`, async () => {
      let server: RawClient | null = null;
      const { port } = await rig.serve((connection) => {
        connection.socket.once('data', () => {
          connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
          server = connection;
        });
      });
      const plane = await rig.proxying([port], {}, { compression: { enabled: true } });
      const client = await rig.client(plane.port);
      client.write(`GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: ${coding}\r\n\r\n`);
      let sent = '';
      for (let i = 0; i < 5; i++) {
        const event = `data: ${i}\n\n`;
        await turnsUntil(() => server !== null);
        (server as RawClient | null)?.write(`${event.length.toString(16)}\r\n${event}\r\n`);
        sent += event;
        await turnsUntil(() => {
          const { body } = rawReply(client.text);
          return body.length > 0 && decoded(body, coding) === sent;
        });
      }
      (server as RawClient | null)?.write('0\r\n\r\n');
      await turnsUntil(() => rawReply(client.text).isWhole);
    });
  }

  it('is cut where its server breaks off, so that nobody takes it for whole', async () => {
    const { port } = await rig.serve((connection) => {
      connection.socket.once('data', () => {
        connection.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\n${TEXT}`);
        connection.socket.end();
      });
    });
    const plane = await rig.proxying([port], {}, { compression: { enabled: true } });
    const client = await rig.client(plane.port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n');
    await client.untilClosed();
    expect(client.text.endsWith('0\r\n\r\n')).to.equal(false);
  });

  it('holds the server back for a client that does not read, and ends with one that goes', async () => {
    let taken = 0;
    let isGone = false;
    const { port } = await rig.serve(({ socket }) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
        const more = (): void => {
          while (!isGone && socket.write(noise())) taken += NOISE;
        };
        socket.on('drain', more);
        socket.on('close', () => (isGone = true));
        more();
      });
    });
    const plane = await rig.proxying([port], {}, { compression: { enabled: true } });
    const client = await rig.client(plane.port);
    client.socket.pause();
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n');
    // Until nothing has moved for many more turns than it takes from one piece to the next.
    for (let still = 0, last = -1; still < 5000; still = taken === last ? still + 1 : 0) {
      last = taken;
      await new Promise(setImmediate);
    }
    expect(taken).to.be.below(40 * 1024 * 1024);
    const held = taken;
    client.socket.resume();
    await turnsUntil(() => taken > held + 1024 * 1024);
    client.destroy();
    await turnsUntil(() => isGone);
  });

  it('a client that reads slowly gets all of it', async () => {
    const body = Array.from({ length: 64 }, () => noise().toString('latin1')).join('');
    const plane = await before(reply('', body));
    const client = await rig.client(plane.port);
    const gunzip = createGunzip();
    const parts: Buffer[] = [];
    gunzip.on('data', (part: Buffer) => parts.push(part));
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n');
    for (let i = 0; i < 40; i++) {
      client.socket.pause();
      await new Promise(setImmediate);
      client.socket.resume();
      await new Promise(setImmediate);
    }
    gunzip.end(rawReply(await client.untilClosed()).body);
    await once(gunzip, 'end');
    expect(Buffer.concat(parts).toString('latin1') === body).to.equal(true);
  });

  it('not more at once than may be: others go as they are', async () => {
    const servers: RawClient[] = [];
    const { port } = await rig.serve((connection) => {
      connection.socket.once('data', () => {
        connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
        servers.push(connection);
      });
    });
    const plane = await rig.proxying([port], {}, { compression: { enabled: true, max_at_once: 1 } });
    const open = async (): Promise<RawClient> => {
      const client = await rig.client(plane.port);
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n');
      await client.until(/\r\n\r\n[^]/);
      return client;
    };
    const first = await open();
    expect(rawReply(first.text).fields['content-encoding']).to.equal('gzip');
    const second = await open();
    expect(rawReply(second.text).fields).to.not.have.any.keys('content-encoding');
    expect(rawReply(second.text).fields['vary']).to.equal('Accept-Encoding');
    first.destroy();
    await turnsUntil(() => servers[0]?.closed === true || servers[0]?.ended === true);
    expect(rawReply((await open()).text).fields['content-encoding']).to.equal('gzip');
  });

  it('on streams of HTTP/2, with trailers', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n';
    const plane = await before(`${head}${TEXT.length.toString(16)}\r\n${TEXT}\r\n0\r\nX-Sum: 7\r\n\r\n`);
    const client = new H2Client(plane.port);
    sessions.push(client);
    const replies = await Promise.all(
      ['gzip', 'br', 'zstd', 'identity'].map((coding) => client.ask({ ':path': '/', 'accept-encoding': coding })),
    );
    for (const { fields, text, trailers, code } of replies) {
      expect(decoded(Buffer.from(text, 'latin1'), fields['content-encoding'])).to.equal(TEXT);
      expect([trailers['x-sum'], code, fields['vary']]).to.deep.equal(['7', 0, 'Accept-Encoding']);
    }
    expect(replies.map(({ fields }) => fields['content-encoding'])).to.deep.equal(['gzip', 'br', 'zstd', undefined]);
  });

  it('whatever pieces a body comes in, it is the same', async () => {
    let pieces: readonly Uint8Array[] = [];
    const { port } = await rig.serve(({ socket }) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n');
        void (async () => {
          for (const piece of pieces) {
            socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
            await new Promise(setImmediate);
          }
          socket.write('0\r\n\r\n');
        })();
      });
    });
    const plane = await rig.proxying([port], {}, { compression: { enabled: true } });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom('gzip', 'br', 'zstd'),
        async (given, coding) => {
          pieces = given;
          const { body, isWhole } = await ask(plane, `Accept-Encoding: ${coding}\r\n`);
          expect([decoded(body, coding), isWhole]).to.deep.equal([Buffer.concat(given).toString('utf8'), true]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

const NOISE = 65_536;
/** What cannot be made smaller. */
function noise(): Buffer {
  return crypto.getRandomValues(Buffer.alloc(NOISE));
}
