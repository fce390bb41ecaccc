import net from 'node:net';

/** Who is told what happens on a connection. */
export interface ConnectionOwner {
  /** Only a connection that was dialled: it may be written to from now on. */
  onConnect(): void;
  /** Bytes arrived. They are valid only until this returns: whoever needs them longer copies them. */
  onBytes(bytes: Buffer, from: number, to: number): void;
  /** The peer will send nothing more; it may still read. */
  onEnd(): void;
  /** Everything written has been handed to the kernel, after `pending` was above the high-water mark. */
  onDrain(): void;
  /** The connection is gone, once and last. `error` is its cause, or null. */
  onClose(error: Error | null): void;
}

/**
 * One byte stream: a socket read through one buffer shared by the whole process and written without copies where that is
 * safe. Nothing here knows HTTP.
 *
 * Reading into a shared buffer (`onread`) instead of `'data'` saves the 64 KiB allocation that Node otherwise makes for
 * each read. An accepted socket has no public way to get `onread`, so the listener takes the handle of the paused socket
 * and wraps it again (`acceptHandle`).
 */
export class Connection {
  readonly socket: net.Socket;
  readonly owner: ConnectionOwner;
  /** Nothing arrives while true. */
  paused = false;
  closed = false;
  /** Bytes that were given to it to write, ever. */
  written = 0;
  /** Nothing is written any more. */
  #finished = false;
  /** More was written at once than is good; `onDrain` tells when it is taken. */
  #behind = false;
  #error: Error | null = null;

  constructor(socket: net.Socket, owner: ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    // The one property we add to a socket; see the listeners below.
    (socket as OwnedSocket).connection = this;
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** Wraps an accepted connection. Nothing is read before `resume`. */
  static accept(handle: unknown, owner: ConnectionOwner): Connection {
    // `handle` is undocumented but stable since Node 0.12; the published types leave it out.
    const options = { handle, allowHalfOpen: true, onread: ONREAD } as net.SocketConstructorOpts;
    return new Connection(new net.Socket(options), owner);
  }

  /** Dials a TCP address or a Unix socket. */
  static dial(target: { host: string; port: number } | { path: string }, owner: ConnectionOwner): Connection {
    const socket = net.connect({ ...target, allowHalfOpen: true, noDelay: true, onread: ONREAD });
    const connection = new Connection(socket, owner);
    socket.once('connect', onConnect);
    return connection;
  }

  /** Takes over a socket that has no `onread`, such as a TLS socket. */
  static adopt(socket: net.Socket, owner: ConnectionOwner, connectEvent: string): Connection {
    const connection = new Connection(socket, owner);
    socket.on('data', onData);
    socket.once(connectEvent, onConnect);
    return connection;
  }

  /** Writes text whose characters are bytes. The cheapest way to write a head: no buffer is made. */
  writeText(text: string): void {
    if (this.#finished) return;
    this.written += text.length;
    this.#behind = !this.socket.write(text, 'latin1');
  }

  /**
   * Writes text, bytes[from..to) and more text in one go. The bytes may be overwritten after this returns: they are
   * copied once. The copy's memory is used again at once where the kernel has taken all of it, so that a stream that flows makes no garbage.
   */
  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (this.#finished) return;
    const length = before.length + to - from + after.length;
    this.written += length;
    const copy = length > SPARE_BYTES ? Buffer.allocUnsafeSlow(length) : (spare ?? Buffer.allocUnsafeSlow(SPARE_BYTES));
    spare = null;
    if (before !== '') copy.latin1Write(before, 0);
    bytes.copy(copy, before.length, from, to);
    if (after !== '') copy.latin1Write(after, before.length + to - from);
    this.#behind = !this.socket.write(copy.subarray(0, length));
    if (this.socket.writableLength === 0 && copy.length === SPARE_BYTES) spare = copy;
  }

  /** Bytes written and not yet taken by the kernel; falls while the peer takes them. */
  get pending(): number {
    // `writableLength` falls only when a whole write is done; the handle's own count is what Node's time-outs look at.
    const { _handle: handle } = this.socket as net.Socket & { _handle: { writeQueueSize?: number } | null };
    const { writableLength } = this.socket;
    return writableLength === 0 ? 0 : handle?.writeQueueSize || writableLength;
  }

  /** Whether so much is pending that the source should be paused until `onDrain`. */
  get full(): boolean {
    // A large write may be behind and yet taken by the kernel in the same moment.
    return this.#behind && this.socket.writableLength > 0;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    this.socket.resume();
  }

  /** Sends a FIN after what is pending; reading goes on. */
  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.socket.end();
  }

  /** Ends both directions at once; pending bytes are lost. */
  destroy(): void {
    this.#finished = true;
    this.socket.destroy();
  }

  /**
   * Ends with a RST, so that the peer cannot take what it got for a complete message. Only TCP has one: a Unix socket has no
   * family and is just closed.
   */
  reset(): void {
    this.#finished = true;
    if (this.socket.remoteFamily === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
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

/** Size of the shared read buffer in bytes: what a peer can make us handle in one turn. */
export const READ_BYTES = 65536;

const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** Room for one read and the framing before it. */
const SPARE_BYTES = READ_BYTES + 16_384;
let spare: Buffer | null = null;

/** Listeners are shared functions that find their connection on the socket: five closures fewer per connection. */
type OwnedSocket = net.Socket & { connection: Connection };

const ONREAD = {
  buffer: shared,
  callback(this: OwnedSocket, length: number, bytes: Uint8Array): boolean {
    const { connection } = this;
    if (connection.closed) return false;
    // The buffer is ours, above.
    connection.owner.onBytes(bytes as Buffer, 0, length);
    return true;
  },
};

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
