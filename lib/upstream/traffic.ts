import type { Wheel } from '../core/wheel.ts';

/** How many bytes a second a server sends and gets, over the last few seconds: a sum that forgets. */
export class Traffic {
  readonly #wheel: Wheel;
  #sum = 0;
  #at = 0;

  constructor(wheel: Wheel) {
    this.#wheel = wheel;
  }

  /** Bytes per second. */
  value(): number {
    return (this.#sum * Math.exp((this.#at - this.#wheel.now) / MEMORY_MS) * 1000) / MEMORY_MS;
  }

  add(bytes: number): void {
    const { now } = this.#wheel;
    // Once per tick, not per chunk.
    if (now !== this.#at) this.#sum *= Math.exp((this.#at - now) / MEMORY_MS);
    this.#at = now;
    this.#sum += bytes;
  }
}

const MEMORY_MS = 5000;
