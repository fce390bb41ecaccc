/**
 * Node's own wraps of libuv's streams: what `net.Socket` itself stands on, without its streams. They are not documented; their
 * shape has been the same since Node 12. Why we use them, and what for: docs/decisions/0011-bare-handles.md.
 *
 * Calls answer 0 or a negative system error, as libuv's do.
 */
export interface Handle {
  /** The connection on it; the one property we add. */
  connection: unknown;
  /** Called for each read, with the outcome in `state[READ]`; must return undefined. */
  onread: (this: Handle) => void;
  /** Its descriptor; below 0 once it is closed. */
  readonly fd: number;
  /** Bytes that the kernel has yet to take. */
  readonly writeQueueSize: number;
  /** Reads go into this memory from now on. */
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Writes at once what the kernel takes; for the rest `state[ASYNC]` is set and the request's `oncomplete` follows. */
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** Sends a FIN after what is pending. */
  shutdown(request: Request): number;
  close(callback: (this: Handle) => void): void;
}

/** A TCP connection. */
export interface TcpHandle extends Handle {
  connect(request: Request, address: string, port: number): number;
  connect6(request: Request, address: string, port: number): number;
  setNoDelay(on: boolean): number;
  /** Adopts a descriptor of a socket. */
  open(fd: number): number;
  /** Has the kernel send probes after so many seconds of silence, ten of them, a second apart. */
  setKeepAlive(on: boolean, seconds: number): number;
  /** Closes with a RST. */
  reset(callback: (this: Handle) => void): number;
  getpeername(out: SocketName): number;
  getsockname(out: SocketName): number;
}

/** A connection on a Unix socket. */
export interface PipeHandle extends Handle {
  /** Adopts a descriptor of a socket. */
  open(fd: number): number;
  connect(request: Request, path: string): number;
}

/**
 * TLS over another handle: what `tls.TLSSocket` stands on. Writes go one at a time: the next may begin once the
 * one before is complete, which is never at once.
 */
export interface TlsHandle extends Handle {
  onhandshakedone: (this: TlsHandle) => void;
  onerror: (this: TlsHandle, error: Error) => void;
  /** Takes bytes that were read before TLS began. */
  receive(bytes: Uint8Array): void;
  setALPNProtocols(wire: Uint8Array): void;
  setVerifyMode(asks: boolean, insists: boolean): void;
  getALPNNegotiatedProtocol(): string | false | undefined;
  getProtocol(): string;
  getCipher(): { readonly name: string };
  isSessionReused(): boolean;
  hasPeerCertificate(): boolean;
  /** With members other than `raw`, the certificate as DER. */
  getPeerCertificate(): { readonly raw?: Uint8Array } | undefined;
  verifyError(): { readonly code?: string; readonly message: string } | null | undefined;
  destroySSL(): void;
}

/** A listening socket. */
export interface ServerHandle {
  onconnection: (error: number, handle: Handle | undefined) => void;
  setNoDelay?(on: boolean): number;
}

export interface SocketName {
  address?: string;
  port?: number;
}

/** What is under way on a handle. One that was not needed, because all was done at once, may be used again. */
export interface Request {
  oncomplete: (this: this, status: number) => void;
  /** The connection it is for; the one property we add. */
  connection: unknown;
}

export interface WriteRequest extends Request {
  /** Memory that is being written, kept so that it stays. */
  bytes: Uint8Array | null;
}

/** What `process.binding` offers of them; the published types leave it out. */
interface Bindings {
  binding(name: 'tcp_wrap'): { TCP: new (type: number) => TcpHandle; TCPConnectWrap: new () => Request };
  binding(name: 'pipe_wrap'): { Pipe: new (type: number) => PipeHandle; PipeConnectWrap: new () => Request };
  binding(name: 'stream_wrap'): {
    WriteWrap: new () => WriteRequest;
    ShutdownWrap: new () => Request;
    streamBaseState: Int32Array;
    kReadBytesOrError: number;
    kLastWriteWasAsync: number;
  };
  binding(name: 'uv'): { UV_EOF: number };
  binding(name: 'tls_wrap'): {
    wrap(handle: Handle, context: object, isServer: boolean, isWriting: boolean): TlsHandle;
  };
}

// See `Bindings`.
const bindings = process as unknown as Bindings;
export const { TCP, TCPConnectWrap } = bindings.binding('tcp_wrap');
export const { Pipe, PipeConnectWrap } = bindings.binding('pipe_wrap');
const stream = bindings.binding('stream_wrap');
export const { WriteWrap, ShutdownWrap } = stream;
/** Outcome of the last call or callback of any handle: `READ` bytes or error, whether the last write goes on (`ASYNC`). */
export const state = stream.streamBaseState;
export const READ = stream.kReadBytesOrError;
export const ASYNC = stream.kLastWriteWasAsync;
export const { UV_EOF } = bindings.binding('uv');
const { wrap } = bindings.binding('tls_wrap');

/** TLS over an accepted connection. `context`: of `tls.SecureContext`, its inner one. */
export function wrapTls(handle: Handle, context: object): TlsHandle {
  const tls = wrap(handle, context, true, false);
  // Where Node's own sockets look for it; so they can use and close this handle, too.
  return Object.assign(tls, { _parent: handle });
}

/** Both wraps count a connection as type 0. */
export const CONNECTION = 0;
