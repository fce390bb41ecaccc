import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import { Fault } from '../core/faults.ts';
import { Head } from '../http/head.ts';
import { BodyKind } from '../http/head.ts';
import { BodyReader } from '../http/body-reader.ts';
import type { Connection } from '../net/connection.ts';
import type { Plan } from '../routing/plan.ts';
import { BodyWriter } from './body-writer.ts';
import { Gathering } from './gathering.ts';
import { idempotent } from './retry.ts';
import type { ReplayMemory } from './replay-memory.ts';
import { Stash } from './stash.ts';

/**
 * The body of one request on its way to a server: decoded as it arrives, passed on at once, and kept for another try as
 * long as it is small and may be sent twice.
 */
export class RequestBody {
  /** All of it has arrived. */
  complete = true;
  /** Its trailers go to the server, too. */
  forwardsTrailers = true;
  readonly #memory: ReplayMemory;
  readonly #reader = new BodyReader();
  readonly #writer = new BodyWriter();
  #chunked = false;
  #trailers = '';
  #length = 0;
  /** Nothing of it was sent that is not kept. */
  #whole = true;
  /** Sending it twice does no harm. */
  #harmless = false;
  /** Most bytes that are kept after they were sent. */
  #keepBytes = 0;
  readonly #kept = new Stash();
  /** What arrives stays where it is until `own`. */
  #borrows = false;
  /** Bytes of `#kept` that are counted in `#memory`. */
  #counted = 0;
  #sink: Connection | null = null;
  /** Nodes that wait for all of it; null while there are none. */
  #gathering: Gathering | null = null;
  /** What is sent instead of it. */
  #replacement: Buffer | null = null;
  /** It was thrown away, because something else was sent instead. */
  #isLost = false;
  /** Something of it, or its head, was sent. */
  #isSent = false;

  constructor(memory: ReplayMemory) {
    this.#memory = memory;
  }

  /**
   * Begins a new request's body. What arrives before the first `attach` is kept, whatever becomes of it then; in the bytes it came
   * in at first, so that a body whose server is there at once is not copied twice. `own` must be called before they are overwritten.
   */
  begin(head: Head, maxBodyBytes: number): void {
    this.#reader.reset(head.bodyKind, head.bodyLength, maxBodyBytes);
    // What ends with its stream has no length that a server could be told (RFC 9113 8.1).
    this.#chunked = head.bodyKind === BodyKind.CHUNKED || head.bodyKind === BodyKind.CLOSE;
    this.#trailers = '';
    this.#length = head.bodyLength;
    this.#harmless = false;
    this.#keepBytes = 0;
    this.complete = this.#reader.done;
    this.#whole = true;
    this.#isLost = false;
    this.#isSent = false;
    this.#borrows = true;
  }

  /** As `begin`, of a request that has none. */
  beginEmpty(): void {
    this.begin(NO_BODY, 0);
    this.#borrows = false;
  }

  /** What is still kept leaves the bytes it came in. */
  own(): void {
    this.#borrows = false;
    this.#kept.own();
  }

  /** Keeps it after it was sent, as far as `how` says, if the request may be sent twice, or it may be needed anyway. */
  retain(method: string, how: DeliveryPolicy, isNeeded: boolean): void {
    this.#harmless = how.nonIdempotent || idempotent(method);
    this.#keepBytes = this.#harmless || isNeeded ? how.replayBytes : 0;
  }

  /** Whether the request may go to another upstream: all of it is here, and it was not sent, or may be sent twice. */
  mayFollow(nonIdempotent: boolean, replaced: boolean): boolean {
    return this.#whole && (replaced || !this.#isLost) && (!this.#isSent || this.#harmless || nonIdempotent);
  }

  /** A copy of it if it is here, all of it and no more than so many bytes; else null. */
  copy(maxBytes: number): Buffer | null {
    const { bytes, start, end } = this.#kept;
    const isHere = this.complete && this.#whole && !this.#isLost && end - start <= maxBytes;
    return isHere ? Buffer.from(bytes.subarray(start, end)) : null;
  }

  /** Whether the request may be sent once more, and all that has come of its body is here to be sent. */
  get repeatable(): boolean {
    return this.#harmless && this.#whole;
  }

  /** Whether nothing of it was sent that is not here to be sent again. */
  get whole(): boolean {
    return this.#whole;
  }

  /** Whether that is certain to hold until all of the body has been sent, as far as its own length goes. */
  get staysRepeatable(): boolean {
    if (!this.repeatable) return false;
    if (this.complete) return this.#kept.length <= this.#keepBytes;
    return !this.#chunked && this.#length <= this.#keepBytes;
  }

  /** All of it, once it has arrived; else a fault. Before the first `attach` only. */
  gather(maxBytes: number): Promise<Buffer | number> {
    if (!this.#chunked && this.#length > maxBytes) return Promise.resolve(Fault.BODY_TOO_LARGE);
    this.own();
    this.#gathering ??= new Gathering();
    const promise = this.#gathering.wait(maxBytes);
    this.#gather(this.#gathering);
    return promise;
  }

  /** Does what the graph says: takes fewer bytes, or sends others instead. A fault if too many have come. Before the first `attach`. */
  follow({ body, maxBodyBytes }: Plan): number {
    this.#replacement = body;
    if (body !== null && (this.#kept.length > 0 || !this.complete)) this.#isLost = true;
    if (body !== null && this.#kept.length > 0) this.#clear();
    return maxBodyBytes === Infinity ? 0 : this.#reader.limit(maxBodyBytes);
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
    if (reader.done && !this.complete) this.#complete(reader.trailers);
    if (this.#sink !== null) this.#writer.flush();
    if (this.#gathering !== null) this.#gather(this.#gathering);
    return at;
  }

  /** The stream that it came on has ended; 0, or a fault where more was announced. */
  finish(trailers: string): number {
    if (this.complete) return 0;
    if (this.#reader.end() !== 0) return Fault.BAD_CONTENT_LENGTH;
    this.#complete(trailers);
    if (this.#sink !== null) this.#writer.flush();
    if (this.#gathering !== null) this.#gather(this.#gathering);
    return 0;
  }

  /** Sends the head and all that has arrived of the body to a server; what arrives later follows. */
  attach(sink: Connection, head: string): void {
    this.#sink = sink;
    this.#isSent = true;
    this.#begin(this.#writer, sink, head);
    if (this.#kept.length > 0 && !this.#keep(0)) this.#forget();
    if (this.complete) this.#finish(this.#writer);
    this.#writer.flush();
  }

  /** Sends the head and the body, which is complete and repeatable, to one more server beside. */
  copyTo(sink: Connection, head: string): void {
    const writer = new BodyWriter();
    this.#begin(writer, sink, head);
    this.#finish(writer);
    writer.flush();
  }

  /** The server is lost: what arrives is kept until the next `attach`. */
  detach(): void {
    this.#sink = null;
    this.#writer.reset();
  }

  /** So much is kept or pending that the client should be paused. */
  get full(): boolean {
    if (this.#sink !== null) return this.#sink.full;
    return this.#kept.length >= WAITING_BYTES && this.#kept.length > (this.#gathering?.maxBytes ?? 0);
  }

  reset(): void {
    this.detach();
    this.#replacement = null;
    if (this.#gathering !== null) {
      this.#gathering.fail(Fault.CLIENT_GONE);
      this.#gathering = null;
    }
    if (this.#kept.length > 0) this.#clear();
    this.complete = true;
  }

  #complete(trailers: string): void {
    this.complete = true;
    this.#trailers = trailers;
    if (this.#sink !== null) this.#finish(this.#writer);
  }

  #begin(writer: BodyWriter, sink: Connection, head: string): void {
    const { bytes, start, end } = this.#kept;
    const instead = this.#replacement;
    // The framing of a replacement is its length, which is in the head already.
    writer.begin(sink, head, this.#chunked && instead === null && sink.stream === null);
    if (instead === null) writer.data(bytes, start, end);
    else writer.data(instead, 0, instead.length);
  }

  #finish(writer: BodyWriter): void {
    writer.finish(this.#replacement === null && this.forwardsTrailers ? this.#trailers : '');
  }

  /** Tells nodes that wait for all of it, if it is here or never will be. */
  #gather(gathering: Gathering): void {
    const { length, bytes, start, end } = this.#kept;
    const more = length - this.#counted;
    if (more > 0 && !this.#memory.take(more)) gathering.fail(Fault.OVERLOADED);
    else if (more > 0) this.#counted = length;
    if (this.complete) gathering.succeed(bytes.subarray(start, end));
    else gathering.refuse(length);
    if (gathering.maxBytes === 0) this.#gathering = null;
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (this.#replacement !== null) return;
    if (this.#sink === null) {
      if (!this.#whole) return;
      if (this.#borrows && this.#kept.length === 0) this.#kept.borrow(bytes, from, to);
      else this.#kept.add(bytes, from, to);
      return;
    }
    this.#writer.data(bytes, from, to);
    if (!this.#whole) return;
    if (this.#keep(to - from)) this.#kept.add(bytes, from, to);
    else this.#forget();
  }

  /** Whether what is kept, and `more` bytes, may stay after they were sent. */
  #keep(more: number): boolean {
    const length = this.#kept.length + more;
    if (length > this.#keepBytes || !this.#memory.take(length - this.#counted)) return false;
    this.#counted = length;
    return true;
  }

  #forget(): void {
    this.#clear();
    this.#whole = false;
  }

  #clear(): void {
    this.#kept.clear();
    this.#memory.give(this.#counted);
    this.#counted = 0;
  }
}

/** A client whose body waits for a server is read no further than this. */
const WAITING_BYTES = 65536;

/** Frames no body. */
const NO_BODY = new Head(1);
