import { expect } from 'chai';
import { H2Client } from '../fixtures/h2-client.ts';
import { answering, type TestPlane } from '../fixtures/plane.ts';
import { decoded, rawReply, type RawReply } from '../fixtures/raw-reply.ts';
import { Rig } from '../fixtures/rig.ts';

/** Bodies of replies as values in the texts of the graph. */
describe('body of a reply as a value', () => {
  const rig = new Rig();
  const sessions: H2Client[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.stop();
    await rig.stop();
  });

  const HEADERS = { set: { 'X-Id': '${reply.body.user.id|none}', 'X-All': '${reply.body|none}' } };
  const BODY = { json: { id: '${reply.body.user.id|none}', of: '${path}', status: '${reply.status}' } };

  async function before(
    reply: string | Parameters<Rig['serve']>[0],
    [type, args]: readonly [type: string, args: object],
    options: object = {},
  ): Promise<TestPlane> {
    const server = await rig.serve(typeof reply === 'string' ? answering(reply) : reply);
    return rig.plane({
      domains: {
        'a.test': {
          init: 'a',
          rules: {
            a: { type, args: { ...args, next: 'b' } },
            b: { type: 'backend', args: { servername: 'up' } },
          },
        },
      },
      upstreams: { up: [{ port: server.port, maxFails: 0 }] },
      options: { up: options },
    });
  }

  async function ask(plane: TestPlane, lines = '', line = 'GET /p HTTP/1.1'): Promise<RawReply> {
    const client = await rig.client(plane.port);
    client.write(`${line}\r\nHost: a.test\r\n${lines}Connection: close\r\n\r\n`);
    return rawReply(await client.untilClosed());
  }

  const ok = (body: string, fields = ''): string =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
  const chunked = (body: string): string =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\nX-T: 1\r\n\r\n`;
  const USER = '{"user":{"id":7}}';

  it('in fields: the reply goes on as it came, with them', async () => {
    for (const reply of [ok(USER), chunked(USER)]) {
      const plane = await before(reply, ['response-headers', HEADERS]);
      const { fields, body, isWhole, trailers } = await ask(plane);
      expect(fields).to.include({ 'x-id': '7', 'x-all': USER });
      expect([body.toString(), isWhole]).to.deep.equal([USER, true]);
      expect(trailers).to.equal(reply === ok(USER) ? '' : 'X-T: 1\r\n');
      const old = await rig.client(plane.port);
      old.write('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
      const reply10 = rawReply(await old.untilClosed());
      expect([reply10.fields['x-id'], reply10.body.toString()]).to.deep.equal(['7', USER]);
    }
  });

  it('in another body', async () => {
    const plane = await before(ok(USER, 'ETag: "x"\r\n'), ['response-body', BODY]);
    const { fields, body } = await ask(plane);
    expect(JSON.parse(body.toString())).to.deep.equal({ id: '7', of: '/p', status: '200' });
    expect(fields['content-type']).to.equal('application/json');
    expect(fields).to.not.have.any.keys('etag');
    const h2 = new H2Client(plane.port);
    sessions.push(h2);
    expect(JSON.parse((await h2.ask({ ':path': '/q' })).text)).to.deep.equal({ id: '7', of: '/q', status: '200' });
  });

  it('goes on with the connections of both sides', async () => {
    const plane = await before(ok(USER), ['response-body', BODY]);
    const client = await rig.client(plane.port);
    client.write('GET /a HTTP/1.1\r\nHost: a.test\r\n\r\nGET /b HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until(/\/a[^]*\/b/);
  });

  it('cannot leave its place', async () => {
    const text = JSON.stringify({ user: { id: 'a\r\nX-Evil: 1"<' } });
    const plane = await before(ok(text), ['response-headers', HEADERS]);
    const { fields } = await ask(plane);
    expect(fields['x-id']).to.equal('aX-Evil: 1"<');
    expect(fields).to.not.have.any.keys('x-evil');
    const other = await before(ok(text), ['response-body', BODY]);
    expect(JSON.parse((await ask(other)).body.toString()).id).to.equal('a\r\nX-Evil: 1"<');
  });

  const unknown: Readonly<Record<string, readonly [reply: string, line?: string]>> = {
    'that is larger than is waited for': [ok(`${USER}${' '.repeat(10_240)}`)],
    'that is larger, in chunks': [chunked(`${USER}${' '.repeat(10_240)}`)],
    'that is compressed': [ok(USER, 'Content-Encoding: br\r\n')],
    'that is not there': ['HTTP/1.1 204 No Content\r\n\r\n'],
  };
  for (const [name, [reply]] of Object.entries(unknown))
    it(`nothing is known of one ${name}`, async () => {
      const sent = reply.slice(reply.indexOf('\r\n\r\n') + 4);
      const { fields, body } = await ask(await before(reply, ['response-headers', HEADERS]));
      expect(fields).to.include({ 'x-id': 'none', 'x-all': 'none' });
      expect(sent).to.include(body.toString());
      expect(body.length).to.be.greaterThan(sent === '' ? -1 : 0);
      const { status, body: other } = await ask(await before(reply, ['response-body', BODY]));
      if (status === 200) expect(JSON.parse(other.toString()).id).to.equal('none');
      else expect(other.length).to.equal(0);
    });

  it('as large as may be said', async () => {
    const reply = chunked(`${USER}${' '.repeat(10_240)}`);
    const plane = await before(reply, [
      'response-headers',
      { set: { 'X-Id': '${reply.body.user.id}' }, max_reply: 10_300 },
    ]);
    expect((await ask(plane)).fields['x-id']).to.equal('7');
  });

  it('a reply to HEAD has none', async () => {
    const plane = await before(ok(USER).slice(0, -USER.length), ['response-headers', HEADERS]);
    expect((await ask(plane, '', 'HEAD / HTTP/1.1')).fields['x-id']).to.equal('none');
  });

  it('is asked for plain, and compressed behind', async () => {
    const text = JSON.stringify({ user: { id: 7 }, more: 'x'.repeat(2000) });
    const plane = await before(
      (connection) => {
        connection.socket.on('data', (bytes: Buffer) => {
          const isPlain = !bytes.toString('latin1').includes('Accept-Encoding');
          connection.write(ok(text, `Content-Type: application/json\r\nX-Plain: ${isPlain}\r\n`));
        });
      },
      ['response-headers', { set: { 'X-Id': '${reply.body.user.id}' } }],
      { compression: { enabled: true }, cache: { enabled: true } },
    );
    for (let i = 0; i < 2; i++) {
      const { fields, body } = await ask(plane, 'Accept-Encoding: gzip\r\n');
      expect(fields).to.include({ 'x-id': '7', 'x-plain': 'true', 'content-encoding': 'gzip' });
      expect(decoded(body, 'gzip')).to.equal(text);
      expect(fields['age']).to.equal(i === 0 ? undefined : '0');
    }
  });

  it('one that breaks off is answered 502, for nothing of it was sent', async () => {
    const plane = await before(
      (connection) => connection.socket.once('data', () => connection.socket.end(`${ok(USER).slice(0, -3)}`)),
      ['response-headers', HEADERS],
      { retry: { tries: 1 } },
    );
    expect((await ask(plane)).status).to.equal(502);
  });

  it('an endless one is not read to its end', async () => {
    const plane = await before(
      ({ socket }) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          const more = (): void => {
            while (socket.writable && socket.write('x'.repeat(65_536)));
          };
          socket.on('drain', more);
          more();
        });
      },
      ['response-body', BODY],
    );
    expect(JSON.parse((await ask(plane)).body.toString()).id).to.equal('none');
  });
});
