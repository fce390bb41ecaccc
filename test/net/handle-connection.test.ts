import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ConnectionOwner } from '../../lib/net/connection.ts';
import { HandleConnection } from '../../lib/net/handle-connection.ts';
import { Listener } from '../../lib/net/listener.ts';
import { RawClient } from '../fixtures/plane.ts';
import { turnsUntil } from '../fixtures/rig.ts';

/** More than the kernel takes for a peer that does not read. */
const MUCH = 20_000_000;

/** Writes down what it is told, in order. */
class Recorder implements ConnectionOwner {
  readonly told: string[] = [];
  text = '';
  error: Error | null = null;

  onConnect(): void {
    this.told.push('connect');
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    this.text += bytes.latin1Slice(from, to);
  }

  onEnd(): void {
    this.told.push('end');
  }

  onDrain(): void {
    this.told.push('drain');
  }

  onClose(error: Error | null): void {
    this.error = error;
    this.told.push('close');
  }

  get isClosed(): boolean {
    return this.told.includes('close');
  }
}

describe('connection on a handle', () => {
  let listener: Listener;
  let accepted: HandleConnection[];
  let owner: Recorder;
  let client: RawClient;

  beforeEach(async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    const address = { kind: 'tcp', host: '127.0.0.1', port: bound.address().port } as const;
    accepted = [];
    owner = new Recorder();
    listener = new Listener(
      { address, handle: bound },
      ({ handle }) => accepted.push(new HandleConnection(handle, owner)),
      (error) => expect.fail(error.message),
    );
    await listener.listen();
    client = await RawClient.connect(address.port, { allowHalfOpen: true });
    await turnsUntil(() => accepted.length === 1);
  });

  afterEach(async () => {
    client.destroy();
    for (const connection of accepted) connection.destroy();
    await listener.drain(0);
  });

  function served(): HandleConnection {
    const [connection] = accepted;
    if (connection === undefined) throw new Error('nothing was accepted');
    return connection;
  }

  it('reads nothing before it is resumed, nor while it is paused', async () => {
    client.write('one');
    await turns(5);
    expect(owner.text).to.equal('');
    served().resume();
    await turnsUntil(() => owner.text === 'one');
    served().pause();
    client.write('two');
    await turns(5);
    expect(owner.text).to.equal('one');
    served().resume();
    await turnsUntil(() => owner.text === 'onetwo');
  });

  it('keeps the order of what is written, whatever of it the kernel takes at once', async () => {
    const connection = served();
    const parts = ['a'.repeat(MUCH), 'b', 'c'.repeat(100_000), 'd'];
    client.socket.pause();
    const bytes = Buffer.alloc(70_000);
    let expected = '';
    for (const part of parts) {
      connection.writeText(part);
      bytes.fill(part.slice(0, 1).toUpperCase());
      connection.writeCopy('<', bytes, 10, 60_010, '>');
      expected += `${part}<${part.slice(0, 1).toUpperCase().repeat(60_000)}>`;
    }
    bytes.fill('!');
    expect(connection.full).to.equal(true);
    expect(connection.pending).to.be.above(65_536);
    expect(connection.written).to.equal(expected.length);
    client.socket.resume();
    await turnsUntil(() => owner.told.includes('drain'));
    expect(connection.full).to.equal(false);
    expect(connection.pending).to.equal(0);
    await client.untilLength(expected.length);
    expect(client.text === expected, 'every byte in its place').to.equal(true);
  });

  it('ends its side after what is pending, and goes on reading', async () => {
    const connection = served();
    connection.resume();
    client.socket.pause();
    connection.writeText('x'.repeat(MUCH));
    connection.end();
    connection.writeText('nothing is written any more');
    client.socket.resume();
    expect(await client.untilEnd()).to.have.length(MUCH);
    client.write('still here');
    await turnsUntil(() => owner.text === 'still here');
    client.socket.end();
    await turnsUntil(() => owner.isClosed);
    expect(owner.told).to.deep.equal(['end', 'close']);
    expect(owner.error).to.equal(null);
  });

  it('close: ends both sides after what is pending, whatever the peer does', async () => {
    client.socket.pause();
    served().writeText('x'.repeat(MUCH));
    served().close();
    expect(owner.isClosed).to.equal(false);
    client.socket.resume();
    expect(await client.untilEnd()).to.have.length(MUCH);
    await turnsUntil(() => owner.isClosed);
    expect(served().closed).to.equal(true);
  });

  it('reset: the peer sees that it was cut short', async () => {
    served().writeText('a part');
    await client.until(/a part/);
    served().reset();
    await client.untilClosed();
    expect(client.error).to.have.property('code', 'ECONNRESET');
  });

  it('reset while a FIN waits for what is pending: closes', async () => {
    client.socket.pause();
    served().writeText('x'.repeat(MUCH));
    served().end();
    served().reset();
    await turnsUntil(() => owner.isClosed);
    expect(owner.error).to.equal(null);
  });

  it('destroy: is told once, in a later turn, and nothing works any more', async () => {
    const connection = served();
    connection.resume();
    connection.destroy();
    connection.destroy();
    connection.reset();
    connection.pause();
    connection.resume();
    connection.end();
    connection.writeText('x');
    expect(owner.told).to.deep.equal([]);
    await turnsUntil(() => owner.isClosed);
    expect(await client.untilEnd()).to.equal('');
    expect(owner.told).to.deep.equal(['close']);
  });

  it('a reset of the peer is the cause of its end', async () => {
    served().resume();
    client.socket.resetAndDestroy();
    await turnsUntil(() => owner.isClosed);
    expect(owner.error?.message).to.equal('ECONNRESET');
  });
});

describe('dialled connection on a handle', () => {
  it('is told when it may be written to, on TCP and on a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-'));
    for (const place of [{ host: '127.0.0.1', port: 0 }, { host: '::1', port: 0 }, { path: join(folder, 'a.sock') }]) {
      const server = net.createServer((socket) => socket.pipe(socket));
      server.listen(place);
      await once(server, 'listening');
      const owner = new Recorder();
      const address = server.address();
      const connection =
        typeof address === 'string'
          ? HandleConnection.dialUnix(address, owner)
          : HandleConnection.dialTcp(address?.address ?? '', address?.port ?? 0, owner);
      await turnsUntil(() => owner.told.includes('connect'));
      connection.writeText('there and back');
      await turnsUntil(() => owner.text === 'there and back');
      connection.destroy();
      await turnsUntil(() => owner.isClosed);
      server.close();
    }
    rmSync(folder, { recursive: true });
  });

  it('says why it could not be made', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
    for (const dial of [
      (owner: Recorder) => HandleConnection.dialTcp('127.0.0.1', bound.address().port, owner),
      (owner: Recorder) => HandleConnection.dialUnix('/nonexistent/a.sock', owner),
    ]) {
      const owner = new Recorder();
      dial(owner);
      await turnsUntil(() => owner.isClosed);
      expect(owner.told).to.deep.equal(['close']);
      expect(owner.error?.message).to.match(/^(ECONNREFUSED|ENOENT)$/);
    }
    bound[Symbol.dispose]();
  });

  it('is given up while it is being made', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo; // it listens on TCP
    const owner = new Recorder();
    HandleConnection.dialTcp('127.0.0.1', port, owner).destroy();
    await turnsUntil(() => owner.isClosed);
    expect(owner.told).to.deep.equal(['close']);
    server.close();
  });
});

/** So many turns of the loop: what was to be read has been read. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}
