import { Fault } from '../core/faults.ts';
import { ChunkLines } from './chunk-lines.ts';
import { BodyKind } from './head.ts';

/**
 * Finds a message's body in the bytes behind its head, run by run, and its end. It copies nothing and is used again for
 * every message of a connection.
 *
 *     while (at < to && !reader.done) {
 *       at = reader.read(bytes, at, to);
 *       if (at < 0) return at;
 *       use(bytes, reader.dataStart, reader.dataEnd); // an empty range where there was only framing
 *     }
 */
export class BodyReader {
  /** After a `read`: bytes[dataStart..dataEnd) is body. */
  dataStart = 0;
  dataEnd = 0;
  /** The body has ended; what follows belongs to the next message. */
  done = true;
  /** Bytes of body so far, without framing. */
  received = 0;
  #kind: number = BodyKind.NONE;
  /** Bytes that the present run may still have. */
  #left = 0;
  #max = 0;
  #ofReply = false;
  /** The fault that was found; nothing is read after it. */
  #fault = 0;
  readonly #lines = new ChunkLines();

  /**
   * Begins a body of a `BodyKind`. `length` counts for BodyKind.LENGTH. More than `maxBodyBytes` is a fault as soon as it is
   * announced. `ofReply` tells which faults are returned: those of a server or those of a client.
   */
  reset(kind: number, length: number, maxBodyBytes: number, ofReply = false): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.received = 0;
    this.#kind = kind;
    this.#left = kind === BodyKind.LENGTH ? length : 0;
    this.#max = maxBodyBytes;
    this.#ofReply = ofReply;
    this.#fault = 0;
    this.done = kind === BodyKind.NONE || (kind === BodyKind.LENGTH && length === 0);
    this.#lines.reset();
  }

  /** Allows no more than so many bytes from now on; a fault where more have come. */
  limit(maxBodyBytes: number): number {
    this.#max = Math.min(this.#max, maxBodyBytes);
    if (this.received <= this.#max) return 0;
    this.#fault ||= this.#ofReply ? Fault.BAD_REPLY : Fault.BODY_TOO_LARGE;
    return this.#fault;
  }

  /** Field lines behind a chunked body that may be passed on, each ended by CRLF; empty for none. */
  get trailers(): string {
    return this.#lines.trailers;
  }

  /** Takes bytes[from..to) up to the end of one run of body; returns the offset behind what was taken, or a fault. */
  read(bytes: Buffer, from: number, to: number): number {
    this.dataStart = from;
    this.dataEnd = from;
    if (this.#fault !== 0) return this.#fault;
    if (this.done || from >= to) return from;
    switch (this.#kind) {
      case BodyKind.LENGTH:
        this.#take(from, to);
        this.done = this.#left === 0;
        return this.dataEnd;
      case BodyKind.CHUNKED:
        return this.#readChunked(bytes, from, to);
      default:
        if (to - from > this.#max - this.received) return this.#fail(Fault.BODY_TOO_LARGE);
        this.#left = to - from;
        this.#take(from, to);
        return to;
    }
  }

  /** The connection has ended: 0 if that is the end of the body, else a fault. */
  end(): number {
    if (this.#fault !== 0) return this.#fault;
    if (this.#kind === BodyKind.CLOSE) this.done = true;
    return this.done ? 0 : this.#fail(this.#ofReply ? Fault.REPLY_CUT : Fault.CLIENT_GONE);
  }

  #readChunked(bytes: Buffer, from: number, to: number): number {
    const lines = this.#lines;
    let at = from;
    if (this.#left === 0) {
      at = lines.read(bytes, from, to);
      this.dataStart = at;
      this.dataEnd = at;
      if (at < 0) return this.#fail(at);
      if (lines.done) {
        this.done = true;
        return at;
      }
      this.#left = lines.takeSize();
      if (this.#left > this.#max - this.received) return this.#fail(Fault.BODY_TOO_LARGE);
    }
    if (this.#left > 0) this.#take(at, to);
    return this.dataEnd;
  }

  #take(from: number, to: number): void {
    const length = Math.min(to - from, this.#left);
    this.#left -= length;
    this.received += length;
    this.dataStart = from;
    this.dataEnd = from + length;
  }

  #fail(fault: number): number {
    const server = fault === Fault.REPLY_CUT ? fault : Fault.BAD_REPLY_FRAMING;
    this.#fault = this.#ofReply ? server : fault;
    this.dataEnd = this.dataStart;
    return this.#fault;
  }
}
