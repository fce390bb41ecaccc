import type { Wheel } from '../core/wheel.ts';

/**
 * For how long a server has said nothing to anybody although it was asked: what tells one that hangs from one that takes long over
 * one request. Times are of the wheel.
 */
export class Silence {
  /** When it last said anything. */
  heardAt = 0;
  readonly #wheel: Wheel;
  /** Replies that have not begun, of requests that were sent whole; and since when there has been one. */
  #awaited = 0;
  #since = 0;

  constructor(wheel: Wheel) {
    this.#wheel = wheel;
  }

  /** A request was sent whole; `ends` follows. */
  begins(): void {
    if (this.#awaited++ === 0) this.#since = this.#wheel.now;
  }

  /** Its reply has begun, or nobody waits for it any more. */
  ends(): void {
    this.#awaited--;
  }

  /**
   * Whether it hangs, as far as one can tell: silent for `ms` and for much longer than the `usualMs` of a reply. One request alone may be
   * one that takes long, unless the server `isSuspect` already.
   */
  isTelling(ms: number, usualMs: number, isSuspect: boolean): boolean {
    if (this.#awaited < 2 && !isSuspect) return false;
    return this.#wheel.now - Math.max(this.heardAt, this.#since) >= Math.max(ms, usualMs * UNUSUAL);
  }
}

/** So many times as long as a reply usually takes is more than chance. */
const UNUSUAL = 10;
