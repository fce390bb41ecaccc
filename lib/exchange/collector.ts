import type { Connection } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import { Stash } from './stash.ts';

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
  readonly #stash = new Stash();
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
    const { bytes, start, end } = this.#stash;
    return bytes.subarray(start, end);
  }

  writeText(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.#take(bytes, 0, bytes.length);
  }

  writeCopy(before: string, bytes: Buffer, from: number, to: number, after: string): void {
    if (before !== '') this.writeText(before);
    this.#take(bytes, from, to);
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

  #take(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    const before = this.#length;
    this.written += length;
    this.#length += length;
    if (this.#length <= this.#maxBytes) this.#stash.add(bytes, from, to);
    else if (before <= this.#maxBytes) {
      this.#stash.clear();
      // Not from inside of whoever writes.
      queueMicrotask(this.#overflows);
    }
  }
}
