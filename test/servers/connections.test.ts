import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startElb } from '../fixtures/elb.ts';
import { answering, type RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';
import { until } from '../fixtures/until.ts';
import { OK } from '../peers/servers.ts';

/** Seconds until the kernel probes that connection of IPv4 (proc_net_tcp.txt of Linux: timer 2); null: it does not. */
function keepAliveTimer(port: number, peerPort: number): number | null {
  const [from, to] = [port, peerPort].map((number) => number.toString(16).toUpperCase().padStart(4, '0'));
  const line = new RegExp(`:${from} [0-9A-F]+:${to} 01 \\S+ 02:([0-9A-F]+) `);
  const ticks = line.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1];
  return ticks === undefined ? null : Number.parseInt(ticks, 16) / 100;
}

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

describe('connections to servers', () => {
  const rig = new Rig();
  afterEach(() => rig.stop());

  /** Asks one after the other on one connection. */
  async function ask(client: RawClient, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      const before = client.received.length;
      client.write(GET);
      await client.untilLength(before + 1);
      await client.until(/ok$/);
    }
  }

  it('carry so many requests and no more', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], {}, { connections: { max_requests: 3 } });
    await ask(await rig.client(port), 7);
    expect(server.connections.map(({ text }) => text.split('GET').length - 1)).to.deep.equal([3, 3, 1]);
  });

  it('end by their age, used or not', async () => {
    const server = await rig.serve(answering(OK));
    const { port } = await rig.proxying([server.port], {}, { connections: { max_age: '200ms' } });
    const client = await rig.client(port);
    await ask(client);
    await server.connections[0]?.untilEnd();
    await ask(client);
    expect(server.connections).to.have.length(2);
  });

  it('are given up before the server gives them up, as it says itself', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'),
    );
    const { port } = await rig.proxying([server.port]);
    await ask(await rig.client(port));
    const since = performance.now();
    await server.connections[0]?.untilEnd();
    // Half of a second before, where a whole one would be all of it.
    expect(performance.now() - since).to.be.below(1000);
  });

  it('are not kept at all where the server says so', async () => {
    const server = await rig.serve(
      answering('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok'),
    );
    const { port } = await rig.proxying([server.port]);
    await ask(await rig.client(port), 3);
    expect(server.connections).to.have.length(3);
  });

  it('are kept up to a number to all servers together', async () => {
    const servers = await Promise.all([0, 1, 2].map(() => rig.serve(answering(OK))));
    const table = { domains: { 'a.test': 'up' }, upstreams: { up: servers.map(({ port }) => port) } };
    const { port } = await rig.plane({ ...table, options: { up: { connections: { max_idle_total: 2 } } } });
    const client = await rig.client(port);
    await ask(client, 3);
    await servers[2]?.connections[0]?.untilEnd();
    await ask(client, 3);
    expect(servers.map(({ connections }) => connections.length)).to.deep.equal([1, 1, 2]);
  });

  it('are asked by the kernel whether anybody is there, after the silence that is said', async () => {
    const server = await rig.serve(answering(OK));
    for (const [tcp_keep_alive, seconds] of [
      ['60s', 60],
      ['7s', 7],
      ['500h', 32_767],
      ['0s', 0],
    ] as const) {
      const { port } = await rig.proxying([server.port], {}, { connections: { tcp_keep_alive } });
      await ask(await rig.client(port));
      const left = keepAliveTimer(server.connections.at(-1)?.socket.remotePort ?? 0, server.port);
      if (seconds === 0) expect(left).to.equal(null);
      else expect(left).to.be.within(seconds - 5, seconds);
    }
  });

  it('are kept up to a number; the one that was not used for longest goes first', async () => {
    const server = await rig.serve((connection) => void connection.until(/\r\n\r\n/).then(() => undefined));
    const { port } = await rig.proxying([server.port], {}, { connections: { max_idle: 2 } });
    const clients = await Promise.all([0, 1, 2].map(() => rig.client(port)));
    for (const client of clients) client.write(GET);
    await turnsUntil(() => server.connections.filter(({ text }) => text.endsWith('\r\n\r\n')).length === 3);
    for (const [i, connection] of server.connections.entries()) {
      connection.write(OK);
      await clients[i]?.until(/ok$/);
    }
    await server.connections[0]?.untilEnd();
    expect(server.connections.map(({ ended }) => ended)).to.deep.equal([true, false, false]);
  });

  describe('with the PROXY protocol', () => {
    it('begin with the address of the client, and are for that client only', async () => {
      const server = await rig.serve(answering(OK));
      const { port } = await rig.proxying([server.port], {}, { connections: { proxy_protocol: 'v1' } });
      const [one, two] = [await rig.client(port), await rig.client(port)];
      await ask(one, 2);
      await ask(two, 2);
      await ask(one, 1);
      const said = server.connections.map(({ text }) => [
        text.slice(0, text.indexOf('\r\n')),
        text.split('GET').length - 1,
      ]);
      expect(said).to.deep.equal([
        [`PROXY TCP4 127.0.0.1 127.0.0.1 ${one.socket.localPort} ${port}`, 3],
        [`PROXY TCP4 127.0.0.1 127.0.0.1 ${two.socket.localPort} ${port}`, 2],
      ]);
    });

    it('begin in bytes in version 2', async () => {
      const server = await rig.serve(answering(OK));
      const { port } = await rig.proxying([server.port], {}, { connections: { proxy_protocol: 'v2' } });
      await ask(await rig.client(port));
      expect(server.connections[0]?.text).to.match(
        /^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01[^]{4}GET/,
      );
    });
  });

  describe('and the Host field', () => {
    const hosts: readonly [object, string][] = [
      [{ from: 'client' }, 'a.test'],
      [{ from: 'server' }, 'web.test:PORT'],
      [{ from: 'named' }, 'web.test:PORT'],
      [{ from: 'fixed', name: 'b.test:81' }, 'b.test:81'],
    ];
    for (const [host, expected] of hosts)
      it(`says ${expected} for ${JSON.stringify(host)}`, async () => {
        const server = await rig.serve(answering(OK));
        const name = `web.test:${server.port}`;
        const { port } = await rig.proxying([{ port: server.port, name }], {}, { host });
        await ask(await rig.client(port));
        const { text = '' } = server.connections[0] ?? {};
        const said = expected.replace('PORT', String(server.port));
        expect([...text.matchAll(/^host: (.*)\r$/gim)].map(([, value]) => value)).to.deep.equal([said]);
        expect(text).to.include('X-Forwarded-Host: a.test\r\n');
      });

    it('says the name of servers that have one, and to the others what the client says, also in a retry', async () => {
      const bad = await rig.serve((connection) => void connection.until(/\r\n\r\n/).then(() => connection.destroy()));
      const good = await rig.serve(answering(OK));
      for (const [first, second, saidFirst, saidSecond] of [
        [`one.test:${bad.port}`, `127.0.0.1:${good.port}`, `one.test:${bad.port}`, 'a.test'],
        [`127.0.0.1:${bad.port}`, 'two.test:80', 'a.test', 'two.test'],
      ] as const) {
        const servers = [
          { port: bad.port, name: first },
          { port: good.port, name: second, backup: true },
        ];
        const { port } = await rig.proxying(servers, {}, { host: { from: 'named' } });
        await ask(await rig.client(port));
        for (const [server, said] of [
          [bad, saidFirst],
          [good, saidSecond],
        ] as const)
          expect(
            [...(server.connections.at(-1)?.text ?? '').matchAll(/^host: (.*)\r$/gim)].map(([, host]) => host),
          ).to.deep.equal([said]);
      }
    });

    it('names each server of a retry by its own name', async () => {
      const bad = await rig.serve((connection) => void connection.until(/\r\n\r\n/).then(() => connection.destroy()));
      const good = await rig.serve(answering(OK));
      const servers = [
        { port: bad.port, name: `one.test:${bad.port}` },
        { port: good.port, name: 'two.test:80', backup: true },
      ];
      const { port } = await rig.proxying(servers, {}, { host: { from: 'server' } });
      await ask(await rig.client(port));
      expect(bad.connections[0]?.text).to.match(new RegExp(`^Host: one\\.test:${bad.port}\r$`, 'm'));
      expect(good.connections[0]?.text).to.match(/^Host: two\.test\r$/m);
    });
  });

  it('go to Unix sockets, in a list of servers that the admin API shows and changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-'));
    const path = join(folder, 'web.sock');
    const server = createServer((request, response) => response.end(`${request.headers.host ?? ''} on a socket`));
    server.listen(path);
    await once(server, 'listening');
    const elb = await startElb({
      file: {
        domains: { 'a.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'web' } } } } },
        upstreams: { web: { [`unix:${path}`]: 'weight=2' } },
        options: { web: { host: { from: 'server' } } },
      },
    });
    const reply = await elb.get('/', { host: 'a.test' });
    expect(reply.text).to.equal('localhost on a socket');
    const listed = (await elb.admin('GET', 'upstream')).json();
    expect(listed).to.deep.equal({
      web: [{ addr: `unix:${path}`, name: `unix:${path}`, weight: 2, max_fails: 1, fail_timeout: 10 }],
    });
    await elb.admin('PUT', 'upstream', { web: { 'unix:/nowhere/web.sock': '' } });
    expect((await elb.get('/', { host: 'a.test' })).status).to.equal(502);
    await elb.admin('PUT', 'upstream', { web: { [`unix:${path}`]: '' } });
    await until('it answers again', async () => (await elb.get('/', { host: 'a.test' })).status === 200);
    await elb.stop();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
});
