import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Connection, ConnectionOwner } from './connection.ts';
import { copyOf, giveBack, READ_BYTES } from './copy.ts';
import { plainAddress, type Endpoints } from './endpoints.ts';
import {
  ASYNC,
  CONNECTION,
  Pipe,
  PipeConnectWrap,
  READ,
  ShutdownWrap,
  state,
  TCP,
  TCPConnectWrap,
  UV_EOF,
  WriteWrap,
  type Handle,
  type TcpHandle,
  type Request,
  type SocketName,
  type WriteRequest,
} from './handle.ts';

/**
 * A TCP connection or a Unix socket, straight on libuv's handle: read through one buffer that the whole process shares, written
 * without waiting for a turn where the kernel takes it at once, which it nearly always does.
 */
export class HandleConnection implements Connection {
  readonly stream = null;
  paused = true;
  closed = false;
  written = 0;
  readonly handle: Handle;
  /** Ends of the client's own connection, as a proxy has said; null: those of this one. */
  ends: Endpoints | null = null;
  /** Who hears; may become somebody else. */
  owner: ConnectionOwner;
  /** Writes that the kernel has not taken whole. */
  #writes = 0;
  /** More was pending than is good; `onDrain` tells when it is taken. */
  #behind = false;
  /** The peer has ended its side. */
  #ended = false;
  /** Our FIN is sent. */
  #shut = false;
  /** Nothing is written any more. */
  #finished = false;
  /** On its way to `onClose`. */
  #closing = false;
  /** The system error that ended it, or 0. */
  #error = 0;

  /** Takes a handle that is connected, or is about to be. Nothing is read before `resume`. */
  constructor(handle: Handle, owner: ConnectionOwner) {
    this.handle = handle;
    this.owner = owner;
    handle.connection = this;
    handle.onread = onRead;
    handle.useUserBuffer(shared);
  }

  /** Dials an IP address. */
  static dialTcp(address: string, port: number, owner: ConnectionOwner): HandleConnection {
    const handle = new TCP(CONNECTION);
    const connection = new HandleConnection(handle, owner);
    handle.setNoDelay(true);
    const request = connection.#connecting(new TCPConnectWrap());
    const error = net.isIPv6(address)
      ? handle.connect6(request, address, port)
      : handle.connect(request, address, port);
    if (error !== 0) connection.#fail(error);
    return connection;
  }

  /** Dials a Unix socket. */
  static dialUnix(path: string, owner: ConnectionOwner): HandleConnection {
    const handle = new Pipe(CONNECTION);
    const connection = new HandleConnection(handle, owner);
    // Older Node answers nothing here.
    const error = handle.connect(connection.#connecting(new PipeConnectWrap()), path) as number | undefined;
    if (error !== undefined && error !== 0) connection.#fail(error);
    return connection;
  }

  /** Takes the descriptor of a Unix socket that is connected; throws if it is none. */
  static openUnix(fd: number, owner: ConnectionOwner): HandleConnection {
    const handle = new Pipe(CONNECTION);
    const error = handle.open(fd) as number | undefined;
    if (error !== undefined && error !== 0) throw systemError(error);
    return new HandleConnection(handle, owner);
  }

  /** Has the kernel ask after so much silence whether the other end is still there (SO_KEEPALIVE). It is a TCP connection that is dialled. */
  probe(afterMs: number): void {
    // As `dialTcp` has made it.
    (this.handle as TcpHandle).setKeepAlive(true, Math.ceil(afterMs / 1000));
  }

  /** Gives its handle away and is told nothing more of it. Nothing may be pending. */
  release(): Handle {
    this.#close();
    return this.handle;
  }

  endpoints(): Endpoints | null {
    return this.ends ?? endpointsOf(this.handle);
  }

  writeText(text: string): void {
    if (this.#finished) return;
    this.written += text.length;
    const request = takeRequest();
    const error = this.handle.writeLatin1String(request, text);
    if (error === 0 && state[ASYNC] === 0) spareRequest = request;
    else this.#awaitWrite(error, request);
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (this.#finished) return;
    const copy = copyOf(before, bytes, from, to, after);
    this.written += copy.length;
    const request = takeRequest();
    const error = this.handle.writeBuffer(request, copy);
    if (error === 0 && state[ASYNC] === 0) {
      spareRequest = request;
      giveBack(copy);
    } else {
      request.bytes = copy;
      this.#awaitWrite(error, request);
    }
  }

  get pending(): number {
    return this.#writes === 0 ? 0 : this.handle.writeQueueSize;
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
    if (this.#closing || this.#ended) return;
    const error = this.handle.readStart();
    if (error !== 0) this.#fail(error);
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    const request = new ShutdownWrap();
    request.connection = this;
    request.oncomplete = onShut;
    const error = this.handle.shutdown(request);
    if (error !== 0) this.#fail(error);
  }

  close(): void {
    if (this.#writes === 0) {
      this.destroy();
      return;
    }
    this.#ended = true;
    this.pause();
    this.end();
  }

  destroy(): void {
    if (this.#closing) return;
    this.#close();
    this.handle.close(onClosed);
  }

  reset(): void {
    if (this.#closing) return;
    const { handle } = this;
    // A FIN that waits for what is pending is not taken back.
    const canReset = handle instanceof TCP && (!this.#finished || this.#shut);
    this.#close();
    if (canReset) handle.reset(onClosed);
    else handle.close(onClosed);
  }

  /** For the callbacks below only, as all that follow. */
  connected(status: number): void {
    if (this.#closing) return;
    if (status !== 0) {
      this.#fail(status);
      return;
    }
    this.resume();
    if (!this.#closing) this.owner.onConnect();
  }

  /** Bytes are in the shared buffer, or the peer has ended, or the connection is broken. */
  read(outcome: number): void {
    if (outcome > 0) {
      if (!this.#closing) this.owner.onBytes(shared, 0, outcome);
    } else if (outcome === UV_EOF) {
      this.#ended = true;
      this.owner.onEnd();
      if (this.#shut) this.destroy();
    } else if (outcome < 0) this.#fail(outcome);
  }

  /** The kernel has taken the rest of a write, or never will. */
  wrote(status: number, request: WriteRequest): void {
    if (request.bytes !== null) giveBack(request.bytes);
    request.bytes = null;
    this.#writes--;
    if (this.#closing) return;
    if (status !== 0) this.#fail(status);
    else if (this.#writes === 0 && this.#behind) {
      this.#behind = false;
      if (!this.#finished) this.owner.onDrain();
    }
  }

  shut(status: number): void {
    if (this.#closing) return;
    this.#shut = true;
    if (status !== 0) this.#fail(status);
    else if (this.#ended) this.destroy();
  }

  gone(): void {
    this.closed = true;
    this.owner.onClose(this.#error === 0 ? null : systemError(this.#error));
  }

  #connecting(request: Request): Request {
    request.connection = this;
    request.oncomplete = onConnected;
    return request;
  }

  #awaitWrite(error: number, request: WriteRequest): void {
    if (error !== 0) {
      this.#fail(error);
      return;
    }
    request.connection = this;
    this.#writes++;
    if (this.handle.writeQueueSize >= HIGH_WATER_BYTES) this.#behind = true;
  }

  #fail(error: number): void {
    if (this.#closing) return;
    this.#error = error;
    this.destroy();
  }

  #close(): void {
    this.#closing = true;
    this.#finished = true;
  }
}

/** Where all connections of the process are read. */
export const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** Both ends of a TCP connection that is there. */
export function endpointsOf(handle: Handle): Endpoints | null {
  const remote: SocketName = {};
  const local: SocketName = {};
  if (!(handle instanceof TCP) || handle.getpeername(remote) !== 0 || handle.getsockname(local) !== 0) return null;
  const { address = '', port = 0 } = remote;
  const { address: localAddress = '', port: localPort = 0 } = local;
  return { address: plainAddress(address), port, localAddress: plainAddress(localAddress), localPort };
}

/** Pending bytes above which the source is held back: what `net.Socket` takes. */
export const HIGH_WATER_BYTES = 65_536;

/** A write that the kernel takes at once leaves its request as it was. */
let spareRequest: WriteRequest | null = null;

function takeRequest(): WriteRequest {
  const spare = spareRequest;
  spareRequest = null;
  if (spare !== null) return spare;
  const request = new WriteWrap();
  request.connection = null;
  request.bytes = null;
  request.oncomplete = onWritten;
  return request;
}

/** Callbacks are shared functions that find their connection on the handle or the request. */
function connectionOf({ connection }: { readonly connection: unknown }): HandleConnection {
  return connection as HandleConnection; // set together with the callback
}

function onRead(this: Handle): void {
  connectionOf(this).read(state[READ] as number); // the state has that place
}

function onConnected(this: Request, status: number): void {
  connectionOf(this).connected(status);
}

function onWritten(this: WriteRequest, status: number): void {
  connectionOf(this).wrote(status, this);
}

function onShut(this: Request, status: number): void {
  connectionOf(this).shut(status);
}

function onClosed(this: Handle): void {
  connectionOf(this).gone();
}

/** An error of the system's by its negative number, with its name as `code`, as Node's own have it. */
export function systemError(number: number): Error {
  const code = getSystemErrorName(number);
  return Object.assign(new Error(code), { code });
}
