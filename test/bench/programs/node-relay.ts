import net from 'node:net';
import type { Connection, ConnectionOwner } from '../../../lib/net/connection.ts';
import { HandleConnection } from '../../../lib/net/handle-connection.ts';
import { connectionOf, Listener, type Accepted } from '../../../lib/net/listener.ts';
import { listenPort, nextServerPort } from './arguments.ts';

/**
 * Bytes both ways between each client and a server of its own, nothing of them understood: what is left of ELB without HTTP, routing
 * and balancing. Where clients send one request a connection, words of the same length stand for `close`, so that the connection
 * to the server is there for the next client; replies of one read are taken for whole then.
 */
class Client implements ConnectionOwner {
  readonly #connection: Connection;
  #server: Server | null = null;
  #isLast = false;

  constructor(accepted: Accepted) {
    this.#connection = connectionOf(accepted, this);
    this.#connection.resume();
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#server === null) {
      this.#isLast = replaced(bytes, from, to, 'Connection: close', 'Connection: alive');
      this.#server = idle.pop() ?? new Server();
      this.#server.client = this;
    }
    this.#server.send(bytes, from, to);
  }

  reply(bytes: Buffer, from: number, to: number): void {
    if (this.#isLast) replaced(bytes, from, to, 'Connection: keep-alive', 'Connection: close     ');
    this.#connection.writeCopy('', bytes, from, to, '');
    if (this.#isLast) this.#connection.destroy();
  }

  onConnect(): void {}

  onDrain(): void {}

  onEnd(): void {
    this.#connection.destroy();
  }

  onClose(): void {
    if (this.#server === null) return;
    this.#server.client = null;
    idle.push(this.#server);
  }
}

class Server implements ConnectionOwner {
  client: Client | null = null;
  readonly #connection: HandleConnection = HandleConnection.dialTcp('127.0.0.1', nextServerPort(), this);
  /** What came before it was connected; null since. */
  #early: Buffer[] | null = [];

  send(bytes: Buffer, from: number, to: number): void {
    if (this.#early === null) this.#connection.writeCopy('', bytes, from, to, '');
    else this.#early.push(Buffer.from(bytes.subarray(from, to)));
  }

  onConnect(): void {
    for (const bytes of this.#early ?? []) this.#connection.writeCopy('', bytes, 0, bytes.length, '');
    this.#early = null;
  }

  onBytes(bytes: Buffer, from: number, to: number): void {
    this.client?.reply(bytes, from, to);
  }

  onDrain(): void {}

  onEnd(): void {
    this.#connection.destroy();
  }

  onClose(): void {}
}

/** Whether there was such a text; another one of its length stands there now. */
function replaced(bytes: Buffer, from: number, to: number, text: string, by: string): boolean {
  const at = bytes.subarray(from, to).indexOf(text, 0, 'latin1');
  if (at !== -1) bytes.latin1Write(by, from + at);
  return at !== -1;
}

const idle: Server[] = [];
const address = { kind: 'tcp', host: '127.0.0.1', port: listenPort } as const;
const bound = { handle: new net.BoundSocket(address), address };
await new Listener(bound, (accepted) => void new Client(accepted), console.error).listen();
