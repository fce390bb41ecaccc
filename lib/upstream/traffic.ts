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
    this.#forget();
    return this.#sum * PER_SECOND;
  }

  add(bytes: number): void {
    this.#forget();
    this.#sum += bytes;
  }

  /** Once per tick, and not per chunk or per look at it: balancers look at all servers for each request. */
  #forget(): void {
    const { now } = this.#wheel;
    if (now === this.#at) return;
    this.#sum *= Math.exp((this.#at - now) / MEMORY_MS);
    this.#at = now;
  }
}

const MEMORY_MS = 5000;
const PER_SECOND = 1000 / MEMORY_MS;
