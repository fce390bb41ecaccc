import type { Connection, ConnectionOwner } from './connection.ts';
import { copyOf, giveBack } from './copy.ts';
import type { Endpoints } from './endpoints.ts';
import { endpointsOf, HIGH_WATER_BYTES, shared, systemError } from './handle-connection.ts';
import { ShutdownWrap, TCP, UV_EOF, WriteWrap } from './handle.ts';
import type { Handle, Request, TlsHandle, WriteRequest } from './handle.ts';
import { settleLater } from './settle-writes.ts';
import { hearTls, onShut, onWritten, type HearsTls } from './tls-callbacks.ts';

/**
 * A client's TLS connection, straight on Node's wrap of OpenSSL: `onConnect` tells that its handshake is over. Why not a
 * `tls.TLSSocket`: docs/decisions/0023-tls-on-the-bare-wrap.md.
 *
 * OpenSSL takes one write at a time and tells its end in a later turn; what is written meanwhile is encrypted as one then. To be told costs
 * as much as the write, so once the handshake is over the end is only looked for, where somebody waits for it.
 */
export class TlsConnection implements Connection, HearsTls {
  readonly stream = null;
  paused = true;
  closed = false;
  written = 0;
  /** Ends of the client's own connection, as a proxy has said; null: those of this one. */
  ends: Endpoints | null = null;
  /** Who hears; may become somebody else. */
  owner: ConnectionOwner;
  readonly handle: TlsHandle;
  /** The connection below it. */
  readonly #parent: Handle;
  /** Bytes of the write under way that OpenSSL has taken and the kernel may not have; 0: there is none. */
  #writing = 0;
  /** Of a write whose end is looked for when it matters, instead of told; it serves for the next one then. */
  #untold: WriteRequest | null = null;
  /** Its end is looked for soon. */
  #settles = false;
  /** A write has come to its end: the handshake is well over, and OpenSSL takes each write whole. */
  #isProven = false;
  /** What is written once that is over. */
  #queue: Buffer[] = [];
  #queued = 0;
  /** More was pending than is good; `onDrain` tells when it is taken. */
  #behind = false;
  /** What arrived while paused: what one read of the kernel's holds may be more than one record. */
  #held: Buffer[] = [];
  /** The peer's end has arrived behind it. */
  #holdsEnd = false;
  #ended = false;
  /** Our end is asked for; it is sent after what is pending. */
  #finished = false;
  #isShutting = false;
  #shut = false;
  #closing = false;
  #error: Error | null = null;

  /** Takes a handle that `wrapTls` has made of `parent`. Nothing is read before `resume`. */
  constructor(tls: TlsHandle, parent: Handle, owner: ConnectionOwner) {
    this.handle = tls;
    this.#parent = parent;
    this.owner = owner;
    hearTls(tls, this);
    tls.useUserBuffer(shared);
  }

  /** Gives its handle away and is told nothing more of it. Nothing may be pending. */
  release(): TlsHandle {
    this.#closing = true;
    this.#finished = true;
    return this.handle;
  }

  endpoints(): Endpoints | null {
    return this.ends ?? endpointsOf(this.#parent);
  }

  writeText(text: string): void {
    if (this.#finished || text === '') return;
    this.written += text.length;
    if (this.#isWriting()) this.#enqueue(Buffer.from(text, 'latin1'));
    else this.#write(copyOf(text, shared, 0, 0, ''));
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (this.#finished) return;
    const length = before.length + to - from + after.length;
    if (length === 0) return;
    this.written += length;
    const copy = copyOf(before, bytes, from, to, after);
    if (this.#isWriting()) this.#enqueue(copy);
    else this.#write(copy);
  }

  get pending(): number {
    if (!this.#isWriting()) return 0;
    return this.#queued + (this.#parent.writeQueueSize || (this.#queued > 0 ? 0 : 1));
  }

  get full(): boolean {
    return this.#behind;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    if (!this.#closing) this.handle.readStop();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.#closing) return;
    // Not at once, as little as bytes of the kernel's are.
    if (this.#held.length > 0 || this.#holdsEnd) process.nextTick(deliver, this);
    else if (!this.#ended) this.handle.readStart();
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (!this.#isWriting()) this.#shutdown();
    else this.#settleLater();
  }

  close(): void {
    this.#ended = true;
    this.pause();
    if (this.#shut) this.destroy();
    else this.end();
  }

  destroy(): void {
    if (this.#closing) return;
    this.#close();
    this.#parent.close(this.#whenClosed());
  }

  reset(): void {
    if (this.#closing) return;
    const parent = this.#parent;
    const canReset = parent instanceof TCP && !this.#isShutting;
    this.#close();
    if (canReset) parent.reset(this.#whenClosed());
    else parent.close(this.#whenClosed());
  }

  /** For callbacks only, as all that follow. */
  handshaken(): void {
    if (!this.#closing) this.owner.onConnect();
  }

  failed(error: Error): void {
    if (this.#closing) return;
    this.#error = error;
    this.destroy();
  }

  read(outcome: number): void {
    if (this.#closing) return;
    if (outcome > 0) {
      if (this.paused || this.#held.length > 0) this.#held.push(Buffer.copyBytesFrom(shared, 0, outcome));
      else this.owner.onBytes(shared, 0, outcome);
    } else if (outcome === UV_EOF) {
      if (this.paused || this.#held.length > 0) this.#holdsEnd = true;
      else this.#onEnd();
    } else if (outcome < 0) this.failed(systemError(outcome));
  }

  deliverHeld(): void {
    while (!this.paused && !this.#closing) {
      const bytes = this.#held.shift();
      if (bytes === undefined) break;
      this.owner.onBytes(bytes, 0, bytes.length);
    }
    if (this.paused || this.#closing) return;
    if (this.#holdsEnd) {
      this.#holdsEnd = false;
      this.#onEnd();
    } else if (!this.#ended) this.handle.readStart();
  }

  /** Looks whether a write is over whose end nobody is told. */
  settle(): void {
    this.#settles = false;
    const request = this.#untold;
    if (request === null || this.#writing === 0 || this.#closing) return;
    if (this.#isTaken()) this.wrote(0);
    else {
      this.#untold = null;
      request.oncomplete = onWritten;
    }
  }

  wrote(status: number): void {
    this.#writing = 0;
    this.#isProven = true;
    if (this.#closing) return;
    if (status !== 0) {
      this.failed(systemError(status));
      return;
    }
    if (this.#queued > 0) this.#writeQueue();
    else if (this.#finished) this.#shutdown();
    else if (this.#behind) {
      this.#behind = false;
      this.owner.onDrain();
    }
  }

  shut(status: number): void {
    if (this.#closing) return;
    this.#shut = true;
    if (status !== 0) this.failed(systemError(status));
    else if (this.#ended) this.destroy();
  }

  gone(): void {
    this.handle.destroySSL();
    this.closed = true;
    this.#held = [];
    this.owner.onClose(this.#error);
  }

  #onEnd(): void {
    this.#ended = true;
    this.owner.onEnd();
    if (this.#shut) this.destroy();
  }

  /** Whether OpenSSL has a write of ours, which is looked at if nobody tells. */
  #isWriting(): boolean {
    if (this.#writing === 0) return false;
    if (this.#untold === null || this.#queued > 0 || !this.#isTaken()) return true;
    this.#writing = 0;
    return false;
  }

  /** Bytes that OpenSSL has encrypted leave its memory once they are written, and the write is over with them. */
  #isTaken(): boolean {
    return this.handle.writeQueueSize === 0;
  }

  /** Writes bytes that `copyOf` has made; OpenSSL has taken them when this returns. */
  #write(copy: Buffer): void {
    const { length } = copy;
    const request = this.#untold ?? new WriteWrap();
    request.connection = this;
    if (this.#isProven) this.#untold = request;
    else request.oncomplete = onWritten;
    const error = this.handle.writeBuffer(request, copy);
    giveBack(copy);
    if (error !== 0) {
      this.failed(systemError(error));
      return;
    }
    this.#writing = length;
    if (this.#parent.writeQueueSize < HIGH_WATER_BYTES) return;
    this.#behind = true;
    this.#settleLater();
  }

  #enqueue(copy: Buffer): void {
    this.#queue.push(copy);
    this.#queued += copy.length;
    if (this.#queued >= HIGH_WATER_BYTES) this.#behind = true;
    this.#settleLater();
  }

  #settleLater(): void {
    if (this.#settles || this.#untold === null) return;
    this.#settles = true;
    settleLater(this);
  }

  #writeQueue(): void {
    const [first] = this.#queue;
    const all = this.#queue.length === 1 && first !== undefined ? first : Buffer.concat(this.#queue);
    for (const copy of this.#queue) if (copy !== all) giveBack(copy);
    this.#queue = [];
    this.#queued = 0;
    this.#write(all);
    // Somebody waits for the end of it.
    if (this.#finished || this.#behind) this.#settleLater();
  }

  /** Says goodbye (close_notify, RFC 8446 6.1), then sends a FIN. */
  #shutdown(): void {
    if (this.#closing || this.#isShutting) return;
    this.#isShutting = true;
    const request: Request = new ShutdownWrap();
    request.connection = this;
    request.oncomplete = onShut;
    const error = this.handle.shutdown(request);
    if (error !== 0) this.failed(systemError(error));
  }

  #whenClosed(): (this: Handle) => void {
    return () => this.gone();
  }

  #close(): void {
    this.#closing = true;
    this.#finished = true;
    this.#queue = [];
  }
}

function deliver(connection: TlsConnection): void {
  connection.deliverHeld();
}
