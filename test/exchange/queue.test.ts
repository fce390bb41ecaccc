import { expect } from 'chai';
import type { RawClient } from '../fixtures/plane.ts';
import { Rig, turnsUntil } from '../fixtures/rig.ts';

const REPLY = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;

/** A server that takes one request at a time, and answers when it is told to. */
describe('the queue of an upstream', () => {
  const rig = new Rig();
  let asked: string[];
  let answer: () => void;

  afterEach(() => rig.stop());

  async function start(queue: { size: number; timeout?: string }): Promise<number> {
    asked = [];
    const waiting: RawClient[] = [];
    const server = await rig.serve((connection) => {
      let seen = 0;
      connection.socket.on('data', () => {
        const paths = [...connection.text.matchAll(/^GET (\S+) /gm)].map(([, path]) => path ?? '');
        for (; seen < paths.length; seen++) {
          asked.push(paths[seen] ?? '');
          waiting.push(connection);
        }
      });
    });
    answer = () => waiting.shift()?.write(REPLY);
    const { port } = await rig.plane({
      domains: { 'a.test': 'up' },
      upstreams: { up: [{ port: server.port, maxConns: 1 }] },
      options: { up: { queue } },
    });
    return port;
  }

  async function ask(port: number, path: string): Promise<RawClient> {
    const client = await rig.client(port);
    client.write(get(path));
    return client;
  }

  /** All of these wait, in this order: an admitted request is seen by the server, one that waits by nobody, so each is given its time. */
  async function inTurn(port: number, paths: readonly string[]): Promise<RawClient[]> {
    const clients: RawClient[] = [];
    for (const path of paths) {
      const client = await ask(port, path);
      clients.push(client);
      // What a probe behind it is answered says that it was read.
      const probe = await rig.client(port);
      probe.write('GET / HTTP/1.1\r\nHost: other.test\r\n\r\n');
      await probe.until(/404/);
    }
    return clients;
  }

  it('lets requests wait in turn while all servers are at max_conns, and serves them all', async () => {
    const port = await start({ size: 10, timeout: '10s' });
    const clients = await inTurn(port, ['/1', '/2', '/3', '/4']);
    await turnsUntil(() => asked.length === 1);
    for (let served = 1; served <= 4; served++) {
      await turnsUntil(() => asked.length === served);
      answer();
      await clients[served - 1]!.until(/ok$/);
    }
    expect(asked).to.deep.equal(['/1', '/2', '/3', '/4']);
  });

  it('answers the oldest 503 where the queue is full', async () => {
    const port = await start({ size: 2, timeout: '10s' });
    const clients = await inTurn(port, ['/1', '/2', '/3', '/4']);
    expect(await clients[1]!.until(/may\n$/)).to.match(/^HTTP\/1\.1 503 [^]*Retry-After: \d/);
    for (const path of ['/1', '/3', '/4']) {
      await turnsUntil(() => asked.includes(path));
      answer();
    }
    for (const i of [0, 2, 3]) await clients[i]!.until(/ok$/);
  });

  it('answers 503 to those who have waited too long, and their connection goes on', async () => {
    const port = await start({ size: 2, timeout: '50ms' });
    const clients = await inTurn(port, ['/1', '/2']);
    expect(await clients[1]!.until(/may\n$/)).to.match(/^HTTP\/1\.1 503 /);
    answer();
    await clients[0]!.until(/ok$/);
    clients[1]!.received = Buffer.alloc(0);
    clients[1]!.write(get('/again'));
    await turnsUntil(() => asked.includes('/again'));
    answer();
    await clients[1]!.until(/ok$/);
  });

  it('forgets a client that has left', async () => {
    const port = await start({ size: 2, timeout: '10s' });
    const clients = await inTurn(port, ['/1', '/2', '/3']);
    clients[1]!.destroy();
    // Its place is free: nobody has to make room for this one.
    const [last] = await inTurn(port, ['/4']);
    for (const path of ['/1', '/3', '/4']) {
      await turnsUntil(() => asked.includes(path));
      answer();
    }
    await last!.until(/ok$/);
    expect(clients[2]!.text).to.match(/200 OK/);
    expect(asked).not.to.include('/2');
  });

  it('is off unless it is asked for: 502 at once', async () => {
    const port = await start({ size: 0 });
    const clients = await inTurn(port, ['/1', '/2']);
    expect(await clients[1]!.until(/\r\n\r\n/)).to.match(/^HTTP\/1\.1 502 /);
    answer();
    await clients[0]!.until(/ok$/);
  });
});
