import type { Endpoints } from './endpoints.ts';
import type { MessageStream } from './message-stream.ts';

/** Who is told what happens on a connection. */
export interface ConnectionOwner {
  /** Only a connection that was dialled: it may be written to from now on. */
  onConnect(): void;
  /** Bytes arrived. They are valid only until this returns: whoever needs them longer copies them. */
  onBytes(bytes: Buffer, from: number, to: number): void;
  /** The peer will send nothing more; it may still read. */
  onEnd(): void;
  /** Everything written has been handed to the kernel, after `full` was true. */
  onDrain(): void;
  /** The connection is gone, once and last. `error` is its cause, or null. */
  onClose(error: Error | null): void;
}

/** One byte stream. Nothing here knows HTTP, or whether the bytes are encrypted on their way. */
export interface Connection {
  /** Where it knows messages and their ends; null: it is bytes, and messages on it are framed. */
  readonly stream: MessageStream | null;
  /** Nothing arrives while true. */
  readonly paused: boolean;
  readonly closed: boolean;
  /** Bytes that were given to it to write, ever. */
  readonly written: number;
  /** Bytes written and not yet taken by the kernel; falls while the peer takes them. */
  readonly pending: number;
  /** Whether so much is pending that the source should be paused until `onDrain`. */
  readonly full: boolean;
  /** Its ends; null where they have no addresses, as on a Unix socket, or it is gone. */
  endpoints(): Endpoints | null;
  /** Writes text whose characters are bytes. The cheapest way to write a head: no buffer is made. */
  writeText(text: string): void;
  /** Writes text, bytes[from..to) and more text in one go. The bytes may be overwritten after this returns. */
  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void;
  pause(): void;
  resume(): void;
  /** Sends a FIN after what is pending; reading goes on. */
  end(): void;
  /** Ends both directions once nothing is pending: for a peer that sends no more, else it may lose what it has yet to read. */
  close(): void;
  /** Ends both directions at once; pending bytes are lost. */
  destroy(): void;
  /** Ends with a RST, so that the peer cannot take what it got for a complete message. Only TCP has one; others are closed. */
  reset(): void;
}
