import type { Wheel } from '../core/wheel.ts';

/**
 * How soon a server ends connections that it has kept: for requests that cannot be sent twice, which must not meet such an end. Most
 * servers keep connections for seconds; one that does not is found out by the first that it ends, and for a while it is believed
 * to do so with all others. Times are of the wheel.
 */
export class EarlyEnds {
  readonly #wheel: Wheel;
  /** The shortest idleness after which one was ended of late, and when that was. */
  #afterMs = 0;
  #at = -Infinity;

  constructor(wheel: Wheel) {
    this.#wheel = wheel;
  }

  /** The server has ended a kept connection that nobody had used since then. */
  ended(idleSince: number): void {
    const { now } = this.#wheel;
    const afterMs = now - idleSince;
    if (afterMs > this.#afterMs && now - this.#at < HOLD_MS) return;
    this.#afterMs = afterMs;
    this.#at = now;
  }

  /** How long idle a connection may be that such a request is given to, and `mostMs` at most; below 0: none may. */
  freshMs(mostMs: number): number {
    if (this.#wheel.now - this.#at >= HOLD_MS || this.#afterMs / 2 > mostMs) return mostMs;
    return this.#afterMs < LEAST_MS ? -1 : this.#afterMs / 2;
  }
}

/** A server that was restarted has ended all of its connections, and is not like that afterwards. */
const HOLD_MS = 10_000;

/** Of ages below that the wheel's clock knows too little. */
const LEAST_MS = 100;
