/** Bounds of what retries and hedges may add to the requests of an upstream. */
export interface RetryBudgetOptions {
  /** Share of the requests, 0.2 for 20 %. */
  readonly ratio: number;
  /** Tries a second that are allowed beside, however few requests there are. */
  readonly minPerSecond: number;
}

/**
 * How many requests of an upstream may be sent once more: a share of those of the last ten seconds, and a few beside, per
 * worker (Finagle's RetryBudget). Servers that are all too slow or failing get a little more load from retries, not a
 * multiple of it.
 *
 * Ten counters, one a second, and their sums: a request costs a comparison and an addition.
 */
export class RetryBudget {
  options: RetryBudgetOptions;
  readonly #requests = new Float64Array(SECONDS);
  readonly #spent = new Float64Array(SECONDS);
  #requestSum = 0;
  #spentSum = 0;
  /** The second that counts now, of the wheel's clock. */
  #second = 0;

  constructor(options: RetryBudgetOptions) {
    this.options = options;
  }

  /** A request has come; `now` in milliseconds. */
  deposit(now: number): void {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#advance(second);
    const slot = second % SECONDS;
    this.#requests[slot] = (this.#requests[slot] ?? 0) + 1;
    this.#requestSum++;
  }

  /** Whether one more may be sent now; it is counted then. */
  withdraw(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#advance(second);
    const { ratio, minPerSecond } = this.options;
    if (this.#spentSum + 1 > this.#requestSum * ratio + minPerSecond * SECONDS) return false;
    const slot = second % SECONDS;
    this.#spent[slot] = (this.#spent[slot] ?? 0) + 1;
    this.#spentSum++;
    return true;
  }

  /** Forgets the seconds that are ten or more back. */
  #advance(second: number): void {
    const first = Math.max(this.#second + 1, second - SECONDS + 1);
    for (let old = first; old <= second; old++) {
      const slot = old % SECONDS;
      this.#requestSum -= this.#requests[slot] ?? 0;
      this.#spentSum -= this.#spent[slot] ?? 0;
      this.#requests[slot] = 0;
      this.#spent[slot] = 0;
    }
    this.#second = second;
  }
}

/** Length of the memory in seconds. */
const SECONDS = 10;
