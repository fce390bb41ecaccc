import type net from 'node:net';
import type { Connection, ConnectionOwner } from './connection.ts';
import { plainAddress, type Endpoints } from './endpoints.ts';
import { copyOf, giveBack } from './copy.ts';

/** A connection on one of Node's sockets, where a handle is not enough: TLS, and names that are yet to be resolved. */
export class SocketConnection implements Connection {
  readonly stream = null;
  paused = false;
  closed = false;
  written = 0;
  readonly owner: ConnectionOwner;
  readonly #socket: net.Socket;
  /** Nothing is written any more. */
  #finished = false;
  /** More was written at once than is good; `onDrain` tells when it is taken. */
  #behind = false;
  #error: Error | null = null;

  /** `connectEvent` tells that the socket can be written to. */
  constructor(socket: net.Socket, owner: ConnectionOwner, connectEvent: string) {
    this.#socket = socket;
    this.owner = owner;
    // The one property we add to a socket; see the listeners below.
    (socket as OwnedSocket).connection = this;
    socket.once(connectEvent, onConnect);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  endpoints(): Endpoints | null {
    const { remoteAddress: address, remotePort: port, localAddress = '', localPort = 0 } = this.#socket;
    if (address === undefined || port === undefined) return null;
    return { address: plainAddress(address), port, localAddress: plainAddress(localAddress), localPort };
  }

  writeText(text: string): void {
    if (this.#finished) return;
    this.written += text.length;
    this.#behind = !this.#socket.write(text, 'latin1');
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (this.#finished) return;
    const copy = copyOf(before, bytes, from, to, after);
    this.written += copy.length;
    this.#behind = !this.#socket.write(copy);
    if (this.#socket.writableLength === 0) giveBack(copy);
  }

  get pending(): number {
    // `writableLength` falls only when a whole write is done; the handle's own count is what Node's time-outs look at.
    const { _handle: handle } = this.#socket as net.Socket & { _handle: { writeQueueSize?: number } | null };
    const { writableLength } = this.#socket;
    return writableLength === 0 ? 0 : handle?.writeQueueSize || writableLength;
  }

  get full(): boolean {
    // A large write may be behind and yet taken by the kernel in the same moment.
    return this.#behind && this.#socket.writableLength > 0;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.paused = false;
    this.#socket.resume();
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.end();
  }

  close(): void {
    this.#finished = true;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  reset(): void {
    this.#finished = true;
    if (this.#socket.remoteFamily === undefined) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** For the listeners below only. */
  closeWith(error: Error | null): void {
    if (error !== null) this.#error ??= error;
    else if (!this.closed) {
      this.closed = true;
      this.#finished = true;
      this.owner.onClose(this.#error);
    }
  }
}

/** Listeners are shared functions that find their connection on the socket: five closures fewer per connection. */
type OwnedSocket = net.Socket & { connection: SocketConnection };

function onData(this: OwnedSocket, bytes: Buffer): void {
  this.connection.owner.onBytes(bytes, 0, bytes.length);
}

function onConnect(this: OwnedSocket): void {
  this.connection.owner.onConnect();
}

function onEnd(this: OwnedSocket): void {
  this.connection.owner.onEnd();
}

function onDrain(this: OwnedSocket): void {
  this.connection.owner.onDrain();
}

function onError(this: OwnedSocket, error: Error): void {
  this.connection.closeWith(error);
}

function onClose(this: OwnedSocket): void {
  this.connection.closeWith(null);
}
