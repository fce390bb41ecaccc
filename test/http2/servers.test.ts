import { once } from 'node:events';
import http2, { constants, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { H2Client } from '../fixtures/h2-client.ts';
import type { TestPlane } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

interface SeenStream {
  readonly stream: ServerHttp2Stream;
  readonly fields: IncomingHttpHeaders;
  /** Which of the server's sessions it came on. */
  readonly session: number;
}

/** A server of Node's HTTP/2 in clear, which tells each stream to `answer` once its body is there. */
class StreamServer {
  readonly seen: SeenStream[] = [];
  readonly sessions: http2.ServerHttp2Session[] = [];
  readonly #server: Http2Server;

  constructor(answer: (seen: SeenStream, body: string) => void, settings: http2.Settings = {}) {
    this.#server = http2.createServer({ settings });
    this.#server.on('session', (session) => {
      session.on('error', () => undefined);
      this.sessions.push(session);
    });
    this.#server.on('stream', (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => {
      stream.on('error', () => undefined);
      const session = this.sessions.indexOf(stream.session as http2.ServerHttp2Session);
      const one = { stream, fields, session };
      this.seen.push(one);
      let body = '';
      stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
      stream.on('end', () => answer(one, body));
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // A TCP server has an address with a port.
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const answerOk = ({ stream }: SeenStream, body: string): void => {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200 });
  stream.end(`ok${body}`);
};

describe('HTTP/2 to servers', () => {
  const rig = new Rig();
  const servers: StreamServer[] = [];
  const clients: H2Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await rig.stop();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function serve(...args: ConstructorParameters<typeof StreamServer>): Promise<[StreamServer, number]> {
    const server = new StreamServer(...args);
    servers.push(server);
    return [server, await server.listen()];
  }

  function proxying(ports: number[], options: object = {}, limits: object = {}): Promise<TestPlane> {
    return rig.proxying(ports, limits, { http: { protocol: 'h2c', ...options } });
  }

  function connect(port: number): H2Client {
    const one = new H2Client(port);
    clients.push(one);
    return one;
  }

  it('asks in its form what was asked in HTTP/1.1', async () => {
    const [server, port] = await serve(answerOk);
    const plane = await proxying([port]);
    const raw = await rig.client(plane.port);
    raw.write('POST /a?b HTTP/1.1\r\nHost: a.test\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Stay: 2\r\n');
    raw.write('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    await raw.until(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n5\r\nokabc\r\n0\r\n\r\n$/);
    const fields = server.seen[0]?.fields ?? {};
    expect(fields).to.include({ ':method': 'POST', ':path': '/a?b', ':scheme': 'http', ':authority': 'a.test' });
    expect(fields).to.include({ 'x-stay': '2', 'x-forwarded-for': '127.0.0.1' });
    expect(fields).to.not.have.any.keys('x-hop', 'connection', 'transfer-encoding', 'host');
  });

  it('carries many requests at once on one session, and no more than a server allows', async () => {
    const held: (() => void)[] = [];
    const [server, port] = await serve((seen, body) => void held.push(() => answerOk(seen, body)), {
      maxConcurrentStreams: 4,
    });
    const plane = await proxying([port]);
    const asking = connect(plane.port);
    const first = asking.ask({ ':path': '/first' });
    await turnsUntil(() => held.length === 1);
    const rest = Array.from({ length: 9 }, (_, i) => asking.ask({ ':path': `/${i}` }));
    await turnsUntil(() => held.length === 10);
    for (const answer of held) answer();
    for (const reply of await Promise.all([first, ...rest])) expect(reply).to.include({ status: 200, text: 'ok' });
    expect(server.sessions.length).to.be.within(2, 4);
    const counts = server.sessions.map((_, i) => server.seen.filter(({ session }) => session === i).length);
    expect(Math.max(...counts)).to.be.at.most(4);
  });

  it('reuses a session, also for requests that cannot be sent twice', async () => {
    const [server, port] = await serve(answerOk);
    const plane = await proxying([port]);
    const asking = connect(plane.port);
    for (let i = 0; i < 5; i++)
      expect(await asking.ask({ ':path': '/', ':method': 'POST' }, 'x')).to.include({ status: 200, text: 'okx' });
    expect(server.sessions).to.have.length(1);
  });

  it('asks again what a server has refused, with its body, and only that', async () => {
    let refused = 0;
    const [server, port] = await serve((seen, body) => {
      if (refused++ === 0) seen.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answerOk(seen, body);
    });
    const [other, otherPort] = await serve(({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    const plane = await proxying([port]);
    expect(await connect(plane.port).ask({ ':path': '/', ':method': 'POST' }, 'body')).to.include({ text: 'okbody' });
    expect(server.seen).to.have.length(2);
    const worse = await proxying([otherPort]);
    expect((await connect(worse.port).ask({ ':path': '/', ':method': 'POST' }, 'body')).status).to.equal(502);
    expect(other.seen).to.have.length(1);
  });

  it('goes to another server where one refuses again and again', async () => {
    const [bad, badPort] = await serve(({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const [, port] = await serve(answerOk);
    const plane = await proxying([badPort, port]);
    expect(await connect(plane.port).ask({ ':path': '/', ':method': 'POST' }, 'x')).to.include({ text: 'okx' });
    expect(bad.seen).to.have.length(2);
  });

  it('asks again what GOAWAY leaves out, and finishes what it names', async () => {
    const held: (() => void)[] = [];
    let isLeaving = true;
    const [server, port] = await serve((seen, body) => {
      if (!isLeaving) answerOk(seen, body);
      else held.push(() => answerOk(seen, body));
    });
    const plane = await proxying([port]);
    const asking = connect(plane.port);
    const named = asking.ask({ ':path': '/named', ':method': 'POST' }, '1');
    await turnsUntil(() => held.length === 1);
    const left = asking.ask({ ':path': '/left', ':method': 'POST' }, '2');
    await turnsUntil(() => held.length === 2);
    isLeaving = false;
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, server.seen[0]?.stream.id ?? 0);
    expect(await left).to.include({ status: 200, text: 'ok2' });
    held[0]?.();
    expect(await named).to.include({ status: 200, text: 'ok1' });
    expect(server.sessions).to.have.length(2);
  });

  it('finds a server that does not speak it to have failed', async () => {
    const server = await rig.serve((connection) => connection.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const plane = await proxying([server.port]);
    expect((await connect(plane.port).ask({ ':path': '/' })).status).to.equal(502);
  });

  it('ends with an error what a server breaks off', async () => {
    const [, port] = await serve(({ stream }) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write('part', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
    const plane = await proxying([port]);
    const reply = await connect(plane.port).ask({ ':path': '/' });
    expect(reply).to.include({ status: 200, text: 'part', code: constants.NGHTTP2_INTERNAL_ERROR });
    const raw = await rig.client(plane.port);
    raw.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await raw.untilEnd();
    expect(raw.text).to.not.contain('\r\n0\r\n\r\n');
  });

  it('gives up a session whose server has gone silent', async () => {
    const [server, port] = await serve(() => undefined);
    const plane = await rig.proxying([port], { readMs: 200 }, { http: { protocol: 'h2c' }, retry: { tries: 1 } });
    expect((await connect(plane.port).ask({ ':path': '/' })).status).to.equal(504);
    // It answers the question that follows, so its session goes on.
    expect((await connect(plane.port).ask({ ':path': '/' })).status).to.equal(504);
    expect(server.sessions).to.have.length(1);
  });
});
