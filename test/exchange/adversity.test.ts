import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { balancers } from '../../lib/balance/index.ts';
import { CidrList } from '../../lib/core/cidr.ts';
import { FOREVER, Wheel } from '../../lib/core/wheel.ts';
import { ClientConnection } from '../../lib/exchange/client-connection.ts';
import { Context } from '../../lib/exchange/context.ts';
import { BodyKind, Head } from '../../lib/http/head.ts';
import { ReplayMemory } from '../../lib/exchange/replay-memory.ts';
import { RequestBody } from '../../lib/exchange/request-body.ts';
import { Listener } from '../../lib/net/listener.ts';
import { DomainTable } from '../../lib/routing/domain-table.ts';
import { DEFAULT_OPTIONS } from '../../lib/upstream/options/index.ts';
import { Challenges } from '../../lib/tls/challenges.ts';
import { HostMap } from '../../lib/tls/host-map.ts';
import { Upstream } from '../../lib/upstream/upstream.ts';
import { Upstreams } from '../../lib/upstream/upstreams.ts';
import { answering, LIMITS } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { serverOf } from '../fixtures/servers.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok';
const GET = 'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n';

describe('exchange in adversity', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  it('cuts a reply short for a client on a Unix socket too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-'));
    const path = join(folder, 'http.sock');
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
        setImmediate(() => connection.destroy());
      });
    });
    // `path` is missing in the published types.
    const handle = new net.BoundSocket({ path } as net.BoundSocketOptions);
    await rig.plane(
      { domains: { 'a.test': 'up' }, upstreams: { up: [server.port] } },
      {},
      { listeners: [{ address: { kind: 'unix', path }, handle }] },
    );
    // The path takes the place of host and port.
    const client = await rig.client(0, { path, port: undefined, host: undefined } as Partial<net.NetConnectOpts>);
    client.write(GET);
    expect(await client.untilClosed()).to.match(/\r\n\r\n(abc)?$/);
    rmSync(folder, { recursive: true });
  });

  it('never lends a server connection again that it has given up itself', async () => {
    const peer = await rig.serve(() => undefined);
    const wheel = new Wheel();
    for (const what of ['a byte', 'the end', 'the time'] as const) {
      const server = serverOf({ name: 'a', port: peer.port }, wheel);
      const connection = server.connect(-1, null);
      await turnsUntil(() => connection.connected);
      connection.release(FOREVER);
      expect(server.idle).to.equal(1);
      if (what === 'a byte') connection.onBytes(Buffer.from('x'), 0, 1);
      else if (what === 'the end') connection.onEnd();
      else connection.onDeadline();
      // The socket's own `close` comes in a later turn.
      expect(server.idle, what).to.equal(0);
      const next = server.connect(Infinity, null);
      expect(next, what).to.not.equal(connection);
      next.abandon();
    }
  });

  it('sends the whole of a last reply to a client that ends its side while it still reads', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<ClientConnection>();
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const { port } = bound.address();
    const wheel = new Wheel();
    const upstreams = new Upstreams({ wheel, balancers, limits: LIMITS, serverCa: null, random: () => 0 });
    const admin = new Upstream('admin', { wheel, balancers, random: Math.random }, DEFAULT_OPTIONS);
    const trusted = new CidrList([]);
    const context = new Context({
      limits: LIMITS,
      wheel,
      table: new DomainTable(),
      upstreams,
      admin,
      observer: null,
      identities: null,
      trusted,
      tls: new HostMap(),
      challenges: new Challenges(),
    });
    const listener = new Listener(
      { address: { kind: 'tcp', host: '127.0.0.1', port }, handle: bound },
      (one) => resolve(new ClientConnection(context, one)),
      (error) => expect.fail(error.message),
    );
    await listener.listen();
    const client = await rig.client(port, { allowHalfOpen: true });
    client.socket.pause();
    const served = await accepted;
    const reply = 'x'.repeat(20_000_000);
    served.connection.writeText(reply);
    served.next(false);
    expect(served.connection.pending).to.be.above(0);
    client.socket.end();
    await turnsUntil(() => served.ended);
    client.socket.resume();
    await client.untilClosed();
    expect(client.received.length).to.equal(reply.length);
    await listener.drain(0);
  });

  it('keeps a body that came in single bytes in memory of its own size', () => {
    const body = new RequestBody(new ReplayMemory(1_000_000));
    const head = new Head(1);
    head.bodyKind = BodyKind.LENGTH;
    head.bodyLength = 60_000;
    body.begin(head, 1_000_000);
    const byte = Buffer.from('x');
    globalThis.gc?.();
    const before = process.memoryUsage();
    for (let i = 0; i < 59_999; i++) body.feed(byte, 0, 1);
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    expect(grown).to.be.below(2_000_000);
  });

  it('goes on with a server it held back while interim replies filled the client', async () => {
    const hint = `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(60_000)}>\r\n\r\n`;
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => connection.write(hint.repeat(90) + OK));
    });
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    client.socket.pause();
    client.write(GET);
    const passed = (): number => server.connections[0]?.socket.bytesWritten ?? 0;
    await turnsUntil(() => passed() > 0);
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    client.socket.resume();
    expect(await client.until(/ok$/)).to.match(/^HTTP\/1.1 103 /);
  });

  it('closes the side of a client that stays silent after its tunnel has ended', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(() => {
        connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
        setImmediate(() => connection.socket.resetAndDestroy());
      });
    });
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port, { allowHalfOpen: true });
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.untilEnd();
    // The client never ends its side: it is ELB that has to let go, and a RST is what tells.
    await elapsed(2500);
    // The first byte brings the RST, the next one finds it.
    client.socket.write('x', () => client.write('x'));
    await client.untilClosed();
  });

  it('lets a long reply go on to a client that no longer sends the body it had announced', async () => {
    const server = await rig.serve((connection) => {
      void connection.until(/\r\n\r\n/).then(async () => {
        connection.write('HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n');
        for (let i = 0; i < 8; i++) {
          await elapsed(50);
          connection.write('1\r\nx\r\n');
        }
        connection.write('0\r\n\r\n');
      });
    });
    const { port } = await rig.proxying([server.port], { bodyIdleMs: 150 });
    const client = await rig.client(port);
    client.write('PUT / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    expect(await client.untilEnd()).to.match(/\r\n0\r\n\r\n$/);
  });

  it('waits for the client, not for the server, after 100 Continue', async () => {
    const server = await rig.serve((connection) => {
      void connection
        .until(/\r\n\r\n/)
        .then(() => connection.write('HTTP/1.1 100 Continue\r\n\r\n'))
        .then(() => connection.until(/body$/))
        .then(() => connection.write(OK));
    });
    const { port } = await rig.proxying([server.port], { readMs: 100 });
    const client = await rig.client(port);
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.until(/100 Continue\r\n\r\n$/);
    await elapsed(300);
    client.write('body');
    expect(await client.until(/\r\n\r\n.*\r\n\r\n/s)).to.match(/ok$/);
  });

  it('answers HEAD without a body when it refuses the request as well', async () => {
    const { port } = await rig.plane({ domains: { 'a.test': 'nowhere' } });
    const client = await rig.client(port);
    client.write('HEAD / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nab');
    expect(await client.untilEnd()).to.match(/^HTTP\/1.1 502 [^]*Content-Length: \d+\r\n[^]*\r\n\r\n$/);
  });

  it('lets a client read why its body was refused while it still sends it', async () => {
    const { port } = await rig.plane({ domains: { 'a.test': 'nowhere' } }, { maxBodyBytes: 1000 });
    const client = await rig.client(port);
    client.socket.pause();
    client.write('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 20000000\r\n\r\n');
    const body = 'x'.repeat(1_000_000);
    for (let i = 0; i < 20 && !client.closed; i++)
      await new Promise((resolve) => client.socket.write(body, () => resolve(null)));
    client.socket.resume();
    expect(await client.untilClosed()).to.match(/^HTTP\/1.1 413 /);
    expect(client.error).to.equal(null);
  });

  it('reads a head of single bytes in time that grows with its length only', async () => {
    const { port } = await rig.plane({});
    const client = await rig.client(port);
    client.socket.setNoDelay(true);
    const head = `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${'x'.repeat(30_000)}\r\n\r\n`;
    const spent = process.cpuUsage();
    for (const byte of head) {
      client.write(byte);
      await new Promise(setImmediate);
    }
    await client.until(/ 404 /);
    const { user, system } = process.cpuUsage(spent);
    expect((user + system) / head.length, 'microseconds a byte').to.be.below(60);
  });

  it('does not use a server connection again on which a 204 has announced a body', async () => {
    const server = await rig.serve(answering('HTTP/1.1 204 No\r\nContent-Length: 2\r\nDate: now\r\n\r\n'));
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    client.write(GET);
    await client.until(/\r\n\r\n$/);
    client.write(GET);
    await client.until(/204.*204.*\r\n\r\n$/s);
    expect(server.connections).to.have.length(2);
  });

  it('does not use a server connection again on which a change of protocol was declined', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.until(/ok$/);
    client.write(GET);
    await client.until(/ok.*ok$/s);
    expect(server.connections).to.have.length(2);
  });

  it('counts the hops of OPTIONS, and answers the last one itself', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    for (const hops of ['3', '0', 'x']) {
      client.write(`OPTIONS * HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: ${hops}\r\n\r\n`);
      await client.until(hops === '0' ? /itself\n$/ : /ok$/);
    }
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n');
    await client.until(/itself\n.*ok.*ok$/s);
    const sent = server.connections.map(({ text }) => text).join('');
    expect([...sent.matchAll(/^Max-Forwards: (.*)\r$/gm)].map(([, value]) => value)).to.deep.equal(['2', 'x', '0']);
  });

  for (const target of ['/%5F_erulb__/domain', '/a/../__erulb__/domain', 'http://b.test/%5f%5Ferulb__/domain'])
    it(`takes ${target} to the control plane, never to a server`, async () => {
      const server = await rig.serve(answering(OK));
      const { port } = await rig.plane({ domains: { '*': 'up' }, upstreams: { up: [server.port] } });
      const client = await rig.client(port);
      client.write(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      // There is no control plane in this test.
      expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 503 /);
      expect(server.connections).to.have.length(0);
    });

  it('refuses a change to a protocol that was not asked for', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n'),
    );
    const { port } = await rig.proxying([server.port]);
    const client = await rig.client(port);
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    expect(await client.until(/\r\n\r\n/)).to.match(/^HTTP\/1.1 502 /);
  });
});

/** A span that a deadline is shorter or longer than; nothing tells that a deadline did not come. */
function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
