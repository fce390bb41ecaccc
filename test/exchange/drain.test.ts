import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Drain } from '../../lib/exchange/drain.ts';
import { answering, type RawClient } from '../fixtures/plane.ts';
import { Rig } from '../fixtures/rig.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const TABLE = { domains: { 'a.test': 'up' } };

describe('drain of a data plane', () => {
  const rig = new Rig();

  afterEach(() => rig.stop());

  it('answers the next request of a kept-alive client with Connection: close, and then closes', async () => {
    const server = await rig.serve(answering(OK));
    const { port, plane } = await rig.plane({ ...TABLE, upstreams: { up: [server.port] } }, {}, { drainMs: 20_000 });
    const client = await rig.client(port);
    client.write(GET);
    expect(await client.until(/ok$/)).not.to.match(/Connection: close/);
    const drained = plane.drain();
    client.write(GET);
    expect(await client.untilEnd()).to.match(/ok.*Connection: close\r\n\r\nok$/s);
    client.destroy();
    await drained;
  });

  it('gives one more request to a client whose reply had begun before the drain, pipelined ones included', async () => {
    const held = Promise.withResolvers<() => void>();
    const server = await rig.serve((connection, index) => {
      if (index > 0) answering(OK)(connection);
      else {
        void connection.until(/\r\n\r\n/).then(() => {
          connection.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla');
          held.resolve(() => connection.write('te'));
        });
      }
    });
    const { port, plane } = await rig.plane({ ...TABLE, upstreams: { up: [server.port] } }, {}, { drainMs: 20_000 });
    const client = await rig.client(port);
    client.write(GET + GET);
    await client.until(/la$/);
    const finish = await held.promise;
    const drained = plane.drain();
    server.connections[0]!.socket.on('data', () => server.connections[0]!.write(OK));
    finish();
    const text = await client.untilEnd();
    expect(text.match(/Connection: close/g)).to.have.length(1);
    expect(text).to.match(/late.*Connection: close\r\n\r\nok$/s);
    client.destroy();
    await drained;
  });

  it('closes clients that stay silent, long before the drain ends', async () => {
    const server = await rig.serve(answering(OK));
    const { port, plane } = await rig.plane({ ...TABLE, upstreams: { up: [server.port] } }, {}, { drainMs: 400 });
    const clients = await Promise.all([rig.client(port), rig.client(port)]);
    clients[0]!.write(GET);
    await clients[0]!.until(/ok$/);
    const drained = plane.drain();
    for (const client of clients) await client.untilEnd();
    await drained;
    expect(clients.map(({ error }) => error)).to.deep.equal([null, null]);
  });

  it('answers everybody who had connected when it began, those still in the queue of the kernel too', async () => {
    const server = await rig.serve(answering(OK));
    const { port, plane } = await rig.plane({ ...TABLE, upstreams: { up: [server.port] } }, {}, { drainMs: 20_000 });
    // The loop does not turn between these and the drain, so none of them has been accepted.
    const clients: RawClient[] = [];
    const asked = Array.from({ length: 300 }, async () => {
      const client = await rig.client(port);
      clients.push(client);
      client.write(GET);
      return client.untilClosed();
    });
    await new Promise(setImmediate);
    const drained = plane.drain();
    const answers = await Promise.all(asked);
    expect(answers.filter((text) => !/^HTTP\/1.1 200 .*Connection: close\r\n\r\nok$/s.test(text))).to.deep.equal([]);
    await drained;
  });

  it('ends tunnels at times of their own, each side with what was sent to it', async () => {
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nhello');
      socket.on('end', () => socket.end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port: up } = server.address() as AddressInfo;
    const { port, plane } = await rig.plane({ ...TABLE, upstreams: { up: [up] } }, {}, { drainMs: 1500 });
    const clients = await Promise.all(Array.from({ length: 20 }, () => rig.client(port)));
    for (const client of clients)
      client.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
    for (const client of clients) await client.until(/hello$/);
    const began = performance.now();
    const drained = plane.drain();
    const ends = await Promise.all(clients.map((client) => client.untilEnd().then(() => performance.now() - began)));
    await drained;
    server.close();
    expect(clients.map(({ error }) => error).filter(Boolean)).to.deep.equal([]);
    // Twenty random moments: not all in one tick of the wheel.
    expect(new Set(ends.map((ms) => Math.round(ms / 100))).size).to.be.above(3);
  });
});

describe('Drain', () => {
  const cases: readonly [number, number, number, number][] = [
    // drainMs, random, idleMs, tunnelMs
    [30_000, 0, 1000, 0],
    [30_000, 0.5, 1500, 13_500],
    [30_000, 0.999, 1999, 26_973],
    [400, 0, 100, 0],
    [400, 0.5, 150, 180],
    [0, 0.5, 0, 0],
  ];
  for (const [drainMs, random, idleMs, tunnelMs] of cases) {
    it(`in ${drainMs} ms, drawing ${random}: idle for ${idleMs} ms, tunnels after ${tunnelMs} ms`, () => {
      const drain = new Drain(drainMs, () => random);
      expect([Math.round(drain.idleMs()), Math.round(drain.tunnelMs())]).to.deep.equal([idleMs, tunnelMs]);
    });
  }
});
