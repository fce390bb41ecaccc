import type { BodySink } from './body-sink.ts';
import { Stash } from './stash.ts';

/** Who waits for a body. */
export interface HolderOwner {
  /** The body has come whole, or (null) is too large to be known: what has come of it follows by `Holder.release`, or is not wanted. */
  onHeld(body: Buffer | null): BodySink | null;
}

/**
 * Holds a reply back until its body is known, up to a bound; then it goes on, or something else goes on instead. Nothing of the reply is sent before.
 */
export class Holder implements BodySink {
  readonly #owner: HolderOwner;
  readonly #maxBytes: number;
  readonly #stash = new Stash();
  /** Where it goes on, once that is known; null: nowhere. */
  #next: BodySink | null = null;
  #isKnown = false;

  constructor(owner: HolderOwner, maxBytes: number) {
    this.#owner = owner;
    this.#maxBytes = maxBytes;
  }

  data(bytes: Buffer, from: number, to: number): void {
    if (this.#isKnown) {
      this.#next?.data(bytes, from, to);
      return;
    }
    this.#stash.add(bytes, from, to);
    if (this.#stash.length > this.#maxBytes) this.#goOn(false);
  }

  finish(trailers: string): void {
    if (!this.#isKnown) this.#goOn(true);
    this.#next?.finish(trailers);
  }

  flush(): void {
    this.#next?.flush();
  }

  #goOn(isWhole: boolean): void {
    const { bytes, start, end } = this.#stash;
    const body = bytes.subarray(start, end);
    this.#isKnown = true;
    this.#stash.clear();
    this.#next = this.#owner.onHeld(isWhole ? body : null);
    this.#next?.data(body, 0, body.length);
  }
}
