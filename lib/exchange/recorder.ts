import type { BodySink } from './body-sink.ts';

/** Who keeps what was recorded. */
export interface Recording {
  /** Memory for so many bytes more; false: the reply is not recorded. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  /** The body is whole. */
  keep(body: Buffer): void;
}

/** Keeps a copy of a body that goes by, up to a bound; what has not come to its end is not kept. */
export class Recorder implements BodySink {
  readonly #recording: Recording;
  readonly #next: BodySink;
  readonly #maxBytes: number;
  /** Null once it has given up, or is done. */
  #parts: Buffer[] | null = [];
  #length = 0;

  constructor(recording: Recording, next: BodySink, maxBytes: number) {
    this.#recording = recording;
    this.#next = next;
    this.#maxBytes = maxBytes;
  }

  data(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (this.#parts !== null && length > 0) {
      if (this.#length + length > this.#maxBytes || !this.#recording.reserve(length)) this.close();
      else {
        this.#length += length;
        this.#parts.push(Buffer.from(bytes.subarray(from, to)));
      }
    }
    this.#next.data(bytes, from, to);
  }

  finish(trailers: string): void {
    // What has trailers is not kept: they would be lost.
    if (this.#parts !== null && trailers === '') {
      // Bytes of its own, not a part of a slab that others hold on to.
      const body = Buffer.allocUnsafeSlow(this.#length);
      let at = 0;
      for (const part of this.#parts) at += part.copy(body, at);
      this.#recording.keep(body);
    }
    this.close();
    this.#next.finish(trailers);
  }

  flush(): void {
    this.#next.flush();
  }

  /** Gives up; harmless once it is done. */
  close(): void {
    if (this.#parts === null) return;
    this.#parts = null;
    this.#recording.release(this.#length);
  }
}
