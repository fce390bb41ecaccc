/** How calls have gone lately, and the share of each kind. */
export interface Window {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** A call has ended. */
  add(outcome: number, now: number): void;
  /** Lets go of what is too old; to be called before the counts are read after a pause. */
  age(now: number): void;
  clear(): void;
}

/** How a call went. One that failed is not slow, however long it took. */
export const Outcome = { GOOD: 0, SLOW: 1, FAILED: 2 } as const;

/** The last `size` calls, in a ring. */
export class CountWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  readonly #outcomes: Uint8Array;
  #next = 0;

  constructor(size: number) {
    this.#outcomes = new Uint8Array(size);
  }

  add(outcome: number): void {
    const size = this.#outcomes.length;
    if (this.calls === size) this.#count(this.#outcomes[this.#next] ?? 0, -1);
    this.#outcomes[this.#next] = outcome;
    this.#next = this.#next + 1 === size ? 0 : this.#next + 1;
    this.#count(outcome, 1);
  }

  age(): void {}

  clear(): void {
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
    this.#next = 0;
  }

  #count(outcome: number, by: 1 | -1): void {
    this.calls += by;
    if (outcome === Outcome.FAILED) this.failures += by;
    else if (outcome === Outcome.SLOW) this.slow += by;
  }
}

/** The calls of the last `seconds` seconds, the present one included, in buckets of one second. */
export class TimeWindow implements Window {
  calls = 0;
  failures = 0;
  slow = 0;
  /** Three counts a bucket: calls, failures, slow. */
  readonly #counts: Uint32Array;
  readonly #seconds: number;
  /** Second that the newest bucket is for. */
  #second = 0;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#counts = new Uint32Array(seconds * 3);
  }

  add(outcome: number, now: number): void {
    this.age(now);
    const at = (this.#second % this.#seconds) * 3;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.calls++;
    if (outcome === Outcome.GOOD) return;
    const kind = outcome === Outcome.FAILED ? at + 1 : at + 2;
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    if (outcome === Outcome.FAILED) this.failures++;
    else this.slow++;
  }

  age(now: number): void {
    const second = Math.floor(now / 1000);
    if (second <= this.#second) return;
    const from = Math.max(this.#second + 1, second - this.#seconds + 1);
    for (let passed = from; passed <= second; passed++) this.#empty((passed % this.#seconds) * 3);
    this.#second = second;
  }

  clear(): void {
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
    this.#counts.fill(0);
  }

  #empty(at: number): void {
    this.calls -= this.#counts[at] ?? 0;
    this.failures -= this.#counts[at + 1] ?? 0;
    this.slow -= this.#counts[at + 2] ?? 0;
    this.#counts.fill(0, at, at + 3);
  }
}
