/**
 * When to replace a process that ended by itself: at once, unless it ended soon after its start, as those before it did. Then each
 * one waits longer than the one before, so that what they die of does not take the machine as well.
 */
export class CrashLoop {
  #length = 0;

  /** Ends soon after a start, in a row. */
  get length(): number {
    return this.#length;
  }

  /** One ended after that many milliseconds; returns how many to wait before the next. */
  ended(livedMs: number): number {
    if (livedMs >= YOUNG_MS) {
      this.#length = 0;
      return 0;
    }
    const waitMs = Math.min(this.#length * STEP_MS, MOST_MS);
    this.#length++;
    return waitMs;
  }
}

const YOUNG_MS = 10_000;
const STEP_MS = 200;
const MOST_MS = 5000;
