import { Histogram, type HistogramDelta } from './histogram.ts';

/**
 * Times of the last quarter of an hour, in parts of half a minute: what was recorded in the last minute, five and fifteen, to half a
 * minute. Parts that are over are held as lists of the buckets that are not empty.
 */
export class TimeWindows {
  readonly #present = new Histogram();
  /** The newest last; null: nothing was recorded. */
  #past: (HistogramDelta | null)[] = [];

  /** Nothing of the last quarter of an hour is left. */
  get isEmpty(): boolean {
    return this.#present.count === 0 && this.#past.length === 0;
  }

  merge(delta: HistogramDelta): void {
    this.#present.merge(delta);
  }

  record(value: number, weight: number): void {
    for (let i = 0; i < weight; i++) this.#present.record(value);
  }

  /** Another `PART_MS` have passed. */
  turn(): void {
    this.#past.push(this.#present.take());
    if (this.#past.length > PARTS) this.#past.shift();
    if (this.#past.every((part) => part === null)) this.#past = [];
  }

  /** What was recorded in the last so many minutes. */
  last(minutes: number): Histogram {
    const whole = new Histogram();
    whole.add(this.#present);
    for (const part of this.#past.slice(-minutes * PARTS_A_MINUTE)) if (part !== null) whole.merge(part);
    return whole;
  }
}

export const PART_MS = 30_000;
const PARTS_A_MINUTE = 60_000 / PART_MS;
const PARTS = 15 * PARTS_A_MINUTE;
