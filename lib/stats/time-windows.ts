import { Histogram, type HistogramDelta } from './histogram.ts';

/**
 * Times of the last quarter of an hour, in parts of half a minute: what was recorded in the last minute, five and fifteen, to half a
 * minute. Parts that are over are held as lists of the buckets that are not empty.
 */
export class TimeWindows {
  /** Null while nothing is recorded: it is larger than everything else here. */
  #present: Histogram | null = null;
  /** Parts in which something was recorded, the newest last, and which they were. */
  readonly #past: { readonly turn: number; readonly times: HistogramDelta }[] = [];
  #turns = 0;

  /** Nothing of the last quarter of an hour is left. */
  get isEmpty(): boolean {
    return this.#present === null && this.#past.length === 0;
  }

  merge(delta: HistogramDelta): void {
    this.#present ??= new Histogram();
    this.#present.merge(delta);
  }

  record(value: number, weight: number): void {
    this.#present ??= new Histogram();
    for (let i = 0; i < weight; i++) this.#present.record(value);
  }

  /** Another `PART_MS` have passed. */
  turn(): void {
    this.#turns++;
    const times = this.#present?.take() ?? null;
    if (times === null) this.#present = null;
    else this.#past.push({ turn: this.#turns, times });
    const [oldest] = this.#past;
    if (oldest !== undefined && oldest.turn <= this.#turns - PARTS) this.#past.shift();
  }

  /** What was recorded in the last so many minutes. */
  last(minutes: number): Histogram {
    const whole = new Histogram();
    if (this.#present !== null) whole.add(this.#present);
    const before = this.#turns - minutes * PARTS_A_MINUTE;
    for (const { turn, times } of this.#past) if (turn > before) whole.merge(times);
    return whole;
  }
}

export const PART_MS = 30_000;
const PARTS_A_MINUTE = 60_000 / PART_MS;
const PARTS = 15 * PARTS_A_MINUTE;
