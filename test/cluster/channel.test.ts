import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Channel } from '../../lib/cluster/channel.ts';
import { detach } from '../../lib/net/adopt.ts';
import type { Connection } from '../../lib/net/connection.ts';
import { HandleConnection } from '../../lib/net/handle-connection.ts';
import { until } from '../fixtures/until.ts';

interface Message {
  readonly kind: string;
  readonly value?: unknown;
  readonly piece?: Uint8Array;
}

/** Kinds that go as text, and one that does not. */
const kind = fc.constantFrom('table', 'applied', 'leave', 'report');
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.nat(200_000).map((length) => 'é'.repeat(length)),
);
const message = fc.oneof(
  fc.record({ kind, value: fc.oneof(text, fc.jsonValue().filter(hasNoMinusZero)) }),
  fc.constant({ kind: 'report', value: new Map([[Infinity, new Float64Array([1, Number.NaN])]]) }),
  fc.nat(100_000).map((length) => ({ kind: 'draft', piece: Buffer.alloc(length, 7) })),
);

/** JSON does not tell it from 0. */
function hasNoMinusZero(value: unknown): boolean {
  return !JSON.stringify(value, (_, part: unknown) => (Object.is(part, -0) ? 'minus zero' : part)).includes(
    'minus zero',
  );
}

describe('the channel between a primary and a worker', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elb-channel-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** Both ends of a connection, and what one hears of the other. */
  async function pair(hear?: (message: Message) => void): Promise<{
    readonly channel: Channel<Message, Message>;
    readonly other: Channel<Message, Message>;
    readonly heard: readonly Message[];
    readonly connection: Connection;
    stop(): void;
  }> {
    const path = join(directory, 'socket');
    const server = net.createServer({ pauseOnConnect: true }).listen(path);
    await once(server, 'listening');
    const dialled = net.connect(path);
    // Emitted by net.Server with its socket.
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(dialled, 'connect')])) as [
      [net.Socket],
      [],
    ];
    const heard: Message[] = [];
    let connection: Connection | undefined;
    const channel = new Channel<Message, Message>({
      connect: (owner) => (connection = new HandleConnection(detach(dialled), owner)),
      hear: () => undefined,
    });
    const other = new Channel<Message, Message>({
      connect: (owner) => new HandleConnection(detach(accepted), owner),
      hear: hear ?? ((one) => heard.push(one)),
    });
    if (connection === undefined) throw new Error('a channel connects at once');
    const stop = (): void => {
      channel.close();
      server.close();
      rmSync(path, { force: true });
    };
    return { channel, other, heard, connection, stop };
  }

  it('carries all that is said, in order, however large it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (messages) => {
        const { channel, other, heard, stop } = await pair();
        for (const one of messages) channel.send(one);
        stop();
        await other.ended;
        expect(heard).to.deep.equal(messages);
      }),
      { numRuns: 100 },
    );
  });

  it('carries it whatever pieces it comes in, and leaves memory to those who have heard', async () => {
    // What a channel writes, by way of a socket that only listens.
    const path = join(directory, 'raw');
    const chunks: Buffer[] = [];
    const server = net.createServer((socket) => socket.on('data', (chunk: Buffer) => chunks.push(chunk))).listen(path);
    await once(server, 'listening');
    const writer = new Channel<Message, Message>({
      connect: (owner) => HandleConnection.dialUnix(path, owner),
      hear: () => undefined,
    });
    const said: readonly Message[] = [
      { kind: 'applied', value: 1 },
      { kind: 'draft', piece: Buffer.alloc(300, 7) },
      { kind: 'report', value: new Uint8Array(300).fill(7) },
      { kind: 'table', value: 'ü'.repeat(70) },
      { kind: 'table', value: '→' },
    ];
    for (const one of said) writer.send(one);
    writer.close();
    await writer.ended;
    await until('all has come', () => Buffer.concat(chunks).includes('→', 0, 'utf16le'));
    server.close();
    const bytes = Buffer.concat(chunks);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
        const { other, heard, stop } = await pair();
        const ends = [...cuts, bytes.length].toSorted((a, b) => a - b);
        let from = 0;
        for (const to of ends) {
          // As connections read: in memory that the next piece is written to.
          const piece = Buffer.from(bytes.subarray(from, to));
          other.onBytes(piece, 0, piece.length);
          piece.fill(0);
          from = to;
        }
        expect(heard).to.deep.equal(said);
        stop();
        await other.ended;
      }),
      { numRuns: 300 },
    );
  });

  it('tells when so little is pending that more may be said', async () => {
    const { channel, other, heard, connection, stop } = await pair();
    const large = { kind: 'table', value: 'a'.repeat(3_000_000) };
    let pending = -1;
    let written = false;
    channel.send(large, () => {
      written = true;
      ({ pending } = connection);
    });
    expect(written, 'in a later turn').to.equal(false);
    await until('it is on its way', () => written);
    expect(pending).to.equal(0);
    await until('it is heard', () => heard.length === 1);
    stop();
    await other.ended;
    written = false;
    channel.send(large, () => (written = true));
    await until('whoever speaks to nobody is told as well', () => written);
  });

  it('goes on behind a message that somebody fails at', async () => {
    const heard: Message[] = [];
    const { channel, other, stop } = await pair((one) => {
      heard.push(one);
      if (one.value === 1) throw new Error('failed at one');
    });
    const usual = process.listeners('uncaughtException');
    const errors: string[] = [];
    process.removeAllListeners('uncaughtException').on('uncaughtException', ({ message: of }) => errors.push(of));
    try {
      for (const value of [1, 2]) channel.send({ kind: 'applied', value });
      await until('both are heard', () => heard.length === 2);
      expect(errors).to.deep.equal(['failed at one']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of usual) process.on('uncaughtException', listener);
      stop();
      await other.ended;
    }
  });
});
