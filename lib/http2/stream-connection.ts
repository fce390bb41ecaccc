import { constants, type Http2Stream } from 'node:http2';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import { Unprocessed } from '../net/unprocessed.ts';
import type { MessageStream } from '../net/message-stream.ts';
import { trailerFields } from './head-fields.ts';
import { trailerLines } from './trailer-lines.ts';

/** How heads leave on a stream: those of requests or those of replies. */
export interface HeadSide {
  /** What was sent is a head only, whatever its owner takes for the end: bytes follow if it is agreed to. */
  readonly asksTunnel: boolean;
  /**
   * Sends a head, which ends with its last line. `isLast`: nothing follows it; `mayTrail`: the end is not known yet, or has trailers.
   * Null: it was not the last head. May throw what Node throws.
   *
   * A stream that may have trailers is to be made with `waitForTrailers`: Node ends what it resets with END_STREAM first, and a message
   * that was cut would be taken for whole.
   */
  send(head: string, isLast: boolean, mayTrail: boolean): Http2Stream | null;
}

/**
 * One stream of HTTP/2 as a connection that carries one message each way (`MessageStream`). Held back by either side's flow control:
 * what its owner does not read is not granted anew to the peer, and what the peer does not grant is `pending`.
 */
export class StreamConnection implements Connection, MessageStream {
  readonly stream: MessageStream = this;
  paused = false;
  closed = false;
  written = 0;
  ended = false;
  trailers = '';
  readonly #side: HeadSide;
  readonly #owner: ConnectionOwner;
  readonly #endpoints: Endpoints | null;
  #h2: Http2Stream | null = null;
  /** Its peer's message is being read: else Node itself sees to the end of a stream that nobody reads. */
  #isRead = false;
  #headSent = false;
  #finished = false;
  /** More was written at once than is good. */
  #behind = false;
  #awaitsDrain = false;
  /** Behind our message, when it ends. */
  #ownTrailers = '';
  #error: Error | null = null;

  constructor(owner: ConnectionOwner, side: HeadSide, endpoints: Endpoints | null) {
    this.#owner = owner;
    this.#side = side;
    this.#endpoints = endpoints;
  }

  endpoints(): Endpoints | null {
    return this.#endpoints;
  }

  /** It is this stream of Node's from now on. */
  attach(h2: Http2Stream): void {
    this.#h2 = h2;
    // The one property we add to a stream; see the listeners below.
    (h2 as OwnedStream).connection = this;
    h2.on('error', onError);
    h2.on('close', onClose);
  }

  /** Begins to read the peer's message; its head has been told. */
  read(): void {
    const h2 = this.#h2;
    if (h2 === null) return;
    h2.on('trailers', onTrailers);
    h2.on('end', onEnd);
    this.#isRead = true;
    // Begins to flow, unless it was paused before.
    h2.on('data', onData);
    if (this.paused) h2.pause();
  }

  writeText(text: string): void {
    if (this.#finished) return;
    this.written += text.length;
    const rest = this.#headSent ? text : this.#sendHeads(text, false, true);
    if (rest !== '') this.#write(rest);
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (before !== '') this.writeText(before);
    if (this.#finished) return;
    this.written += to - from;
    if (to > from) this.#write(Buffer.from(bytes.subarray(from, to)));
    if (after !== '') this.writeText(after);
  }

  finish(text: string, trailers: string): void {
    if (this.#finished) return;
    this.written += text.length;
    this.#ownTrailers = trailers;
    const isHead = !this.#headSent;
    const rest = this.#headSent ? text : this.#sendHeads(text, true, trailers !== '');
    if (isHead && this.#side.asksTunnel) return;
    this.#finished = true;
    const h2 = this.#h2;
    if (h2 === null || h2.writableEnded || h2.destroyed) return;
    if (rest === '') h2.end();
    else h2.end(rest, 'latin1');
  }

  get pending(): number {
    return this.#h2?.writableLength ?? 0;
  }

  get full(): boolean {
    return this.#behind && this.pending > 0;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    if (this.#isRead) this.#h2?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.#isRead) this.#h2?.resume();
  }

  end(): void {
    this.finish('', '');
  }

  close(): void {
    this.end();
  }

  /** Ends the stream as one that is no longer wanted, unless both messages are through. */
  destroy(): void {
    this.closeWith(this.#finished && this.ended ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  }

  reset(): void {
    this.closeWith(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /** Ends the stream with RST_STREAM and this code; without an error, not before what is pending has been sent. */
  closeWith(code: number): void {
    this.#finished = true;
    const h2 = this.#h2;
    if (this.closed) return;
    if (h2 === null) this.#close();
    else if (!h2.closed) h2.close(code);
  }

  /** For the listeners below and for its side only, as all that follow. `error`: why it could not be used. */
  fail(error: Error): void {
    this.#error ??= error;
    this.closeWith(constants.NGHTTP2_INTERNAL_ERROR);
  }

  tell(bytes: Buffer, length: number): void {
    this.#owner.onBytes(bytes, 0, length);
  }

  tellEnd(): void {
    if (this.ended) return;
    this.ended = true;
    this.#owner.onEnd();
  }

  tellDrain(): void {
    this.#behind = false;
    this.#awaitsDrain = false;
    if (!this.#finished) this.#owner.onDrain();
  }

  tellClose(error: Error | null): void {
    if (error !== null) this.#error ??= error;
    else if (!this.closed) {
      // RFC 9113 8.7; Node says the same of streams beyond the last one that GOAWAY names.
      if (this.#h2?.rstCode === constants.NGHTTP2_REFUSED_STREAM)
        this.#error = new Unprocessed('the stream was refused');
      this.#close();
    }
  }

  sendTrailers(): void {
    const h2 = this.#h2;
    if (h2 !== null && !h2.closed) h2.sendTrailers(trailerFields(this.#ownTrailers));
  }

  /** Sends the heads that `text` begins with; answers what follows the last of them. */
  #sendHeads(text: string, isEnd: boolean, mayTrail: boolean): string {
    let at = 0;
    while (!this.#headSent && at < text.length) {
      const headEnd = text.indexOf('\r\n\r\n', at) + 2;
      const next = headEnd + 2;
      let h2: Http2Stream | null;
      try {
        h2 = this.#side.send(text.slice(at, headEnd), isEnd && next === text.length && !mayTrail, mayTrail);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
        return '';
      }
      this.#headSent = h2 !== null;
      if (mayTrail && h2 !== null) h2.on('wantTrailers', onWantTrailers);
      at = next;
    }
    return text.slice(at);
  }

  #write(bytes: Buffer | string): void {
    const h2 = this.#h2;
    if (h2 === null || h2.writableEnded || h2.destroyed) return;
    const isBehind = typeof bytes === 'string' ? !h2.write(bytes, 'latin1') : !h2.write(bytes);
    // Most streams never are, and a listener costs.
    if (isBehind && !this.#awaitsDrain) h2.once('drain', onDrain);
    this.#awaitsDrain ||= isBehind;
    this.#behind = isBehind;
  }

  #close(): void {
    this.closed = true;
    this.#finished = true;
    // Node's table of a session's streams keeps some of them until old memory is collected: without ours, then.
    if (this.#h2 !== null) (this.#h2 as OwnedStream).connection = null;
    this.#h2 = null;
    this.#owner.onClose(this.#error);
  }
}

/** Listeners are shared functions that find their connection on the stream. */
type OwnedStream = Http2Stream & { connection: StreamConnection | null };

function onData(this: OwnedStream, bytes: Buffer): void {
  this.connection?.tell(bytes, bytes.length);
}

function onEnd(this: OwnedStream): void {
  // Node ends what was reset as well.
  if (!this.aborted && this.rstCode === constants.NGHTTP2_NO_ERROR) this.connection?.tellEnd();
}

function onDrain(this: OwnedStream): void {
  this.connection?.tellDrain();
}

function onError(this: OwnedStream, error: Error): void {
  this.connection?.tellClose(error);
}

function onClose(this: OwnedStream): void {
  this.connection?.tellClose(null);
}

function onWantTrailers(this: OwnedStream): void {
  this.connection?.sendTrailers();
}

function onTrailers(this: OwnedStream, _fields: object, _flags: number, raw: readonly string[]): void {
  const lines = trailerLines(raw);
  if (lines === null) this.connection?.closeWith(constants.NGHTTP2_PROTOCOL_ERROR);
  else if (this.connection !== null) this.connection.trailers = lines;
}
