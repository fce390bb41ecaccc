import type { Connection } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';

/**
 * Where a reply goes that no client gets: it is kept, up to a bound. It takes everything at once, so that its server is
 * never held back.
 */
export class Collector implements Connection {
  readonly stream = null;
  readonly paused = false;
  readonly closed = false;
  readonly pending = 0;
  readonly full = false;
  written = 0;
  readonly #maxBytes: number;
  readonly #overflows: () => void;
  readonly #parts: Buffer[] = [];
  #length = 0;

  /** `maxBytes`: most of it that is kept; `overflows`: told, later and once, that more has come. */
  constructor(maxBytes: number, overflows: () => void) {
    this.#maxBytes = maxBytes;
    this.#overflows = overflows;
  }

  /** More has come than is kept. */
  get overflown(): boolean {
    return this.#length > this.#maxBytes;
  }

  /** All that has come, if it is no more than is kept. */
  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  writeText(text: string): void {
    this.#take(text.length, () => Buffer.from(text, 'latin1'));
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (before !== '') this.writeText(before);
    this.#take(to - from, () => Buffer.from(bytes.subarray(from, to)));
    if (after !== '') this.writeText(after);
  }

  endpoints(): Endpoints | null {
    return null;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  close(): void {}
  destroy(): void {}
  reset(): void {}

  #take(length: number, copy: () => Buffer): void {
    const before = this.#length;
    this.written += length;
    this.#length += length;
    if (this.#length <= this.#maxBytes) this.#parts.push(copy());
    else if (before <= this.#maxBytes) {
      this.#parts.length = 0;
      // Not from inside of whoever writes.
      queueMicrotask(this.#overflows);
    }
  }
}
