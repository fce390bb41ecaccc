import type { BodySink } from './body-sink.ts';
import { Stash } from './stash.ts';

/** Who keeps what was recorded. */
export interface Recording {
  /** Memory for so many bytes more; false: the reply is not recorded. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  /** The body is whole. */
  keep(body: Buffer): void;
  /** It is too large, there is no memory for it, or it has trailers, which would be lost. */
  givesUp(): void;
}

/**
 * Keeps a copy of a body that goes by, up to a bound; what has not come to its end is not kept. In one piece of memory, which is reserved as
 * it is: a body that comes byte by byte takes no more than another.
 */
export class Recorder implements BodySink {
  readonly #recording: Recording;
  readonly #next: BodySink;
  readonly #maxBytes: number;
  /** Null once it has given up, or is done. */
  #stash: Stash | null = new Stash();
  #reserved = 0;

  constructor(recording: Recording, next: BodySink, maxBytes: number) {
    this.#recording = recording;
    this.#next = next;
    this.#maxBytes = maxBytes;
  }

  data(bytes: Buffer, from: number, to: number): void {
    const stash = this.#stash;
    if (stash !== null && to > from) {
      if (stash.length + to - from > this.#maxBytes) this.#giveUp();
      else {
        stash.add(bytes, from, to);
        const more = stash.bytes.length - this.#reserved;
        if (more > 0 && !this.#recording.reserve(more)) this.#giveUp();
        else this.#reserved += more;
      }
    }
    this.#next.data(bytes, from, to);
  }

  finish(trailers: string): void {
    const stash = this.#stash;
    this.close();
    if (stash !== null && trailers === '') this.#recording.keep(wholeOf(stash));
    else if (stash !== null) this.#recording.givesUp();
    this.#next.finish(trailers);
  }

  flush(): void {
    this.#next.flush();
  }

  #giveUp(): void {
    this.close();
    this.#recording.givesUp();
  }

  /** Nothing is kept; harmless once it is done. */
  close(): void {
    if (this.#stash === null) return;
    this.#stash = null;
    this.#recording.release(this.#reserved);
    this.#reserved = 0;
  }
}

/** No longer than what is in it. */
function wholeOf({ bytes, start, end }: Stash): Buffer {
  if (start === 0 && end === bytes.length) return bytes;
  const body = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(body, 0, start, end);
  return body;
}
