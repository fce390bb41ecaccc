import type { Deadline } from '../core/wheel.ts';
import type { Connection } from '../net/connection.ts';

/**
 * Two connections tied together after an upgrade: bytes both ways, unread and unchanged, each side held back while the
 * other is behind, each side's end passed on. It is over when both have ended, or after a long silence of both.
 */
export class Tunnel {
  readonly #client: Connection;
  readonly #server: Connection;
  readonly #deadline: Deadline;
  readonly #idleMs: number;

  constructor(client: Connection, server: Connection, deadline: Deadline, idleMs: number) {
    this.#client = client;
    this.#server = server;
    this.#deadline = deadline;
    this.#idleMs = idleMs;
    deadline.set(idleMs);
  }

  fromClient(bytes: Buffer, from: number, to: number): void {
    this.#copy(bytes, from, to, this.#server, this.#client);
  }

  fromServer(bytes: Buffer, from: number, to: number): void {
    this.#copy(bytes, from, to, this.#client, this.#server);
  }

  clientDrained(): void {
    this.#server.resume();
  }

  serverDrained(): void {
    this.#client.resume();
  }

  clientEnded(): void {
    this.#server.end();
  }

  serverEnded(): void {
    this.#client.end();
  }

  /** The server's connection is gone: the client gets what is pending, then the end. */
  serverGone(): void {
    this.#client.end();
  }

  #copy(bytes: Buffer, from: number, to: number, sink: Connection, source: Connection): void {
    this.#deadline.set(this.#idleMs);
    const length = to - from;
    if (length <= TEXT_BYTES) sink.writeText(bytes.latin1Slice(from, to));
    else sink.writeBytes(Buffer.from(bytes.subarray(from, to)));
    if (sink.full) source.pause();
  }
}

/** See `BodyWriter`. */
const TEXT_BYTES = 8192;
