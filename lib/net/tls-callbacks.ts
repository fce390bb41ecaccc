import { READ, state, type Handle, type Request, type TlsHandle, type WriteRequest } from './handle.ts';

/** Who hears what becomes of a TLS handle and of the requests on it. */
export interface HearsTls {
  handshaken(): void;
  /** So many bytes are in the memory for reads, or a negative system error. */
  read(outcome: number): void;
  wrote(status: number): void;
  shut(status: number): void;
  failed(error: Error): void;
}

/** Has the owner hear of a handle. Callbacks are shared functions that find it on the handle, or on the request. */
export function hearTls(handle: TlsHandle, owner: HearsTls): void {
  handle.connection = owner;
  handle.onread = onRead;
  handle.onhandshakedone = onHandshakeDone;
  handle.onerror = onError;
}

export function onWritten(this: WriteRequest, status: number): void {
  ownerOf(this).wrote(status);
}

export function onShut(this: Request, status: number): void {
  ownerOf(this).shut(status);
}

function ownerOf({ connection }: { readonly connection: unknown }): HearsTls {
  return connection as HearsTls; // set together with the callback
}

function onRead(this: Handle): void {
  ownerOf(this).read(state[READ] as number); // the state has that place
}

function onHandshakeDone(this: TlsHandle): void {
  ownerOf(this).handshaken();
}

function onError(this: TlsHandle, error: Error): void {
  ownerOf(this).failed(error);
}
