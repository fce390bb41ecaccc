import type { Wheel } from '../core/wheel.ts';

/**
 * How long a server's replies take to begin: an exponentially weighted mean that takes a peak at once, and forgets it, and
 * everything else, within seconds (peak EWMA, as in Finagle).
 */
export class Latency {
  readonly #wheel: Wheel;
  #meanMs = 0;
  #at = 0;

  constructor(wheel: Wheel) {
    this.#wheel = wheel;
  }

  /** What a reply would take now, in milliseconds; 0 as long as none was seen. */
  value(): number {
    return this.#meanMs * this.#decay();
  }

  add(ms: number): void {
    const decay = this.#decay();
    const mean = this.#meanMs;
    this.#meanMs = ms > mean * decay ? ms : mean * decay + ms * (1 - decay);
    this.#at = this.#wheel.now;
  }

  #decay(): number {
    return Math.exp((this.#at - this.#wheel.now) / DECAY_MS);
  }
}

const DECAY_MS = 10_000;
