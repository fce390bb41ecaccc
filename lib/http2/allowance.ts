/** How often somebody may still do something: so many at once, and so many a second in the long run. */
export class Allowance {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #at: number;

  /** `now`: milliseconds of any clock, as below. */
  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#left = burst;
    this.#at = now;
  }

  /** Does it once; false if that was too often. */
  spend(now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs) - 1;
    this.#at = now;
    return this.#left >= 0;
  }

  /** Allows more of it, or a part of one. */
  earn(times: number): void {
    this.#left = Math.min(this.#burst, this.#left + times);
  }
}
