import type * as Zlib from 'node:zlib';
import type { Connection } from '../net/connection.ts';
import type { Coding, CompressionOptions } from '../upstream/options/compression.ts';
import type { Compressed } from '../upstream/compressed.ts';
import type { BodySink } from './body-sink.ts';

/** Whose reply is compressed. None of these is called from inside of a call to the encoder. */
export interface EncoderOwner {
  /** Something was written to the client, the end of the body at last; or it takes more, after `full` was true. */
  onEncoder(): void;
  onEncoderError(): void;
}

/**
 * Compresses a body on its way, in another thread: holds back who feeds it while it is behind, and is held back by a client that is. What
 * has come is given on as soon as it waits for more, so that events arrive when they happen.
 */
export class Encoder implements BodySink {
  /** All of the body was given on. */
  ended = false;
  readonly #next: BodySink;
  readonly #client: Connection;
  readonly #owner: EncoderOwner;
  readonly #tally: Compressed;
  readonly #stream: Stream;
  readonly #flushKind: number;
  /** Writes that are not done. */
  #under = 0;
  /** Something was written and not flushed. */
  #unflushed = false;
  /** All of the body has come. */
  #finished = false;
  #closed = false;
  #trailers = '';

  /** `next`: gets the compressed body, and writes it to `client`. */
  constructor(
    coding: Coding,
    options: CompressionOptions,
    { next, client, owner, tally }: { next: BodySink; client: Connection; owner: EncoderOwner; tally: Compressed },
  ) {
    this.#next = next;
    this.#client = client;
    this.#owner = owner;
    this.#tally = tally;
    tally.atOnce++;
    tally.replies++;
    const { stream, flushKind } = open(coding, options.levels[coding]);
    this.#stream = stream;
    this.#flushKind = flushKind;
    stream.on('data', (bytes: Buffer) => this.#onData(bytes));
    stream.on('drain', () => {
      if (!this.#closed) this.#owner.onEncoder();
    });
    stream.on('end', () => this.#onEnd());
    stream.on('error', () => {
      if (!this.#closed) this.#owner.onEncoderError();
    });
  }

  /** It has so much to do that whoever feeds it should wait until `onEncoder`. */
  get full(): boolean {
    return this.#stream.writableNeedDrain;
  }

  data(bytes: Buffer, from: number, to: number): void {
    if (to === from) return;
    this.#tally.bytesIn += to - from;
    this.#under++;
    this.#unflushed = true;
    this.#stream.write(Buffer.from(bytes.subarray(from, to)), this.#onWritten);
  }

  finish(trailers: string): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#trailers = trailers;
    this.#stream.end();
  }

  /** Not at once if it has something to do: what comes meanwhile is worth waiting for. Else the head does not wait. */
  flush(): void {
    if (this.#under === 0 && !this.#closed) this.#next.flush();
  }

  /** The client takes again. */
  resume(): void {
    if (!this.#closed) this.#stream.resume();
  }

  /** Whatever is left is not wanted any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tally.atOnce--;
    this.#stream.destroy();
  }

  readonly #onWritten = (): void => {
    this.#under--;
    if (this.#under > 0 || !this.#unflushed || this.#finished || this.#closed) return;
    this.#unflushed = false;
    this.#stream.flush(this.#flushKind);
  };

  #onData(bytes: Buffer): void {
    if (this.#closed) return;
    this.#tally.bytesOut += bytes.length;
    this.#next.data(bytes, 0, bytes.length);
    // Once all has come, the last of it leaves together with its end.
    if (!this.#finished) this.#next.flush();
    if (this.#client.full) this.#stream.pause();
    this.#owner.onEncoder();
  }

  #onEnd(): void {
    if (this.#closed) return;
    this.ended = true;
    this.#next.finish(this.#trailers);
    this.#next.flush();
    this.close();
    this.#owner.onEncoder();
  }
}

type Stream = Zlib.Gzip | Zlib.BrotliCompress | Zlib.ZstdCompress;

/** Windows are kept small: a worker has many of them, and what is sent as it comes gains little by a larger one. */
function open(coding: Coding, level: number): { readonly stream: Stream; readonly flushKind: number } {
  // Costs 3 ms of a start, which nobody pays who compresses nothing.
  zlib ??= process.getBuiltinModule('node:zlib');
  const { constants } = zlib;
  switch (coding) {
    case 'gzip':
      return { stream: zlib.createGzip({ level }), flushKind: constants.Z_SYNC_FLUSH };
    case 'br':
      return {
        stream: zlib.createBrotliCompress({
          params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS },
        }),
        flushKind: constants.BROTLI_OPERATION_FLUSH,
      };
    case 'zstd':
      return {
        stream: zlib.createZstdCompress({
          params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_BITS },
        }),
        flushKind: constants.ZSTD_e_flush,
      };
  }
}

let zlib: typeof Zlib | null = null;

/** 256 KiB. */
const WINDOW_BITS = 18;
