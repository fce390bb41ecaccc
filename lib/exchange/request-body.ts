import type { Head } from '../http/head.ts';
import { BodyKind } from '../http/head.ts';
import { BodyReader } from '../http/body-reader.ts';
import type { Connection } from '../net/connection.ts';
import { BodyWriter } from './body-writer.ts';
import { Stash } from './stash.ts';

/**
 * The body of one request on its way to a server: decoded as it arrives, passed on at once, and kept for another try as
 * long as it is small and may be sent twice.
 */
export class RequestBody {
  /** All of it has arrived. */
  complete = true;
  /** It may be sent from its beginning again. */
  replayable = true;
  readonly #reader = new BodyReader();
  readonly #writer = new BodyWriter();
  #chunked = false;
  #keep = false;
  readonly #kept = new Stash();
  #sink: Connection | null = null;

  /** Begins a new request's body. `idempotent`: it is worth keeping after it has been sent. */
  begin(head: Head, maxBodyBytes: number, idempotent: boolean): void {
    this.#reader.reset(head.bodyKind, head.bodyLength, maxBodyBytes);
    this.#chunked = head.bodyKind === BodyKind.CHUNKED;
    this.#keep = idempotent;
    this.complete = this.#reader.done;
    this.replayable = true;
  }

  /** Takes bytes from the client; returns the offset behind the body's part of them, or a fault. */
  feed(bytes: Buffer, from: number, to: number): number {
    let at = from;
    const reader = this.#reader;
    while (at < to && !reader.done) {
      at = reader.read(bytes, at, to);
      if (at < 0) return at;
      if (reader.dataEnd > reader.dataStart) this.#pass(bytes, reader.dataStart, reader.dataEnd);
    }
    if (reader.done && !this.complete) {
      this.complete = true;
      if (this.#sink !== null) this.#writer.finish(reader.trailers);
    }
    if (this.#sink !== null) this.#writer.flush();
    return at;
  }

  /** Sends the head and all that has arrived of the body to a server; what arrives later follows. */
  attach(sink: Connection, head: string): void {
    this.#sink = sink;
    this.#writer.begin(sink, head, this.#chunked);
    this.#writer.data(this.#kept.bytes, this.#kept.start, this.#kept.end);
    if (!this.#keep && this.#kept.length > 0) this.#forget();
    if (this.complete) this.#writer.finish(this.#reader.trailers);
    this.#writer.flush();
  }

  /** The server is lost: what arrives is kept until the next `attach`. */
  detach(): void {
    this.#sink = null;
    this.#writer.reset();
  }

  /** So much is kept or pending that the client should be paused. */
  get full(): boolean {
    return this.#sink === null ? this.#kept.length >= REPLAY_BYTES : this.#sink.full;
  }

  reset(): void {
    this.detach();
    this.#kept.clear();
    this.complete = true;
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (this.#sink !== null) this.#writer.data(bytes, from, to);
    if (this.#sink !== null && !this.#keep) this.replayable = false;
    else if (this.replayable) {
      if (this.#sink !== null && this.#kept.length + to - from > REPLAY_BYTES) this.#forget();
      else this.#kept.add(bytes, from, to);
    }
  }

  #forget(): void {
    this.#kept.clear();
    this.replayable = false;
  }
}

/** Most of a body that is kept in memory so that it can be sent to another server. */
const REPLAY_BYTES = 65536;
