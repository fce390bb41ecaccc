/** How much of something is allowed. Times in milliseconds. */
export interface Rate {
  readonly algorithm: 'token-bucket' | 'sliding-window';
  /** So many within `perMs`. */
  readonly limit: number;
  readonly perMs: number;
  /** Most at once, for token buckets. */
  readonly burst: number;
  /** How long one may wait for its turn, for token buckets. */
  readonly waitMs: number;
}

/** What became of one attempt. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** If it is allowed, how long it has to wait; else, when the next one would be. Milliseconds. */
  readonly delayMs: number;
  /** How many more would be allowed now. */
  readonly remaining: number;
  /** When all are allowed again, in milliseconds. */
  readonly resetMs: number;
}

/**
 * Rates of many values, in bounded memory.
 *
 * A token bucket is one number, the moment at which it would be full (generic cell rate algorithm, ITU-T I.371): whoever takes
 * a token moves it on by what one costs, and may take it as long as it is not further ahead than the burst. That lets a request
 * also reserve a token of the future, and wait for it. A sliding window is the count of the present window, and that of the one before
 * in proportion to how much of it is still within `perMs`.
 *
 * Values that are back at the beginning are forgotten. Beyond `maxValues` at once, new ones share a few places: a flood of values
 * costs no memory, and finds no way round the limit.
 */
export class RateTable {
  readonly #maxValues: number;
  readonly #full = new Map<string, number>();
  readonly #windows = new Map<string, Window>();

  constructor(maxValues = MAX_VALUES) {
    this.#maxValues = maxValues;
  }

  /** Values that are held. */
  get size(): number {
    return this.#full.size + this.#windows.size;
  }

  /** Counts one attempt if it is allowed. `isAsked`: only says what would become of it. */
  take(value: string, rate: Rate, now: number, isAsked = false): RateVerdict {
    return rate.algorithm === 'token-bucket'
      ? this.#takeToken(value, rate, now, isAsked)
      : this.#takeFromWindow(value, rate, now, isAsked);
  }

  #takeToken(value: string, { limit, perMs, burst, waitMs }: Rate, now: number, isAsked: boolean): RateVerdict {
    const key = this.#place(this.#full, value, (fullAt) => fullAt <= now);
    const costMs = perMs / limit;
    const fullAt = Math.max(this.#full.get(key) ?? 0, now);
    const delayMs = fullAt + costMs - burst * costMs - now;
    // Sums of fractions are a little off.
    if (delayMs > waitMs + EPSILON_MS) return { allowed: false, delayMs, remaining: 0, resetMs: fullAt - now };
    const after = fullAt + costMs;
    if (!isAsked) this.#full.set(key, after);
    const remaining = Math.max(0, Math.floor(burst - (after - now) / costMs + EPSILON_MS));
    return { allowed: true, delayMs: delayMs > EPSILON_MS ? delayMs : 0, remaining, resetMs: after - now };
  }

  #takeFromWindow(value: string, { limit, perMs }: Rate, now: number, isAsked: boolean): RateVerdict {
    const key = this.#place(this.#windows, value, (one) => now - one.start >= 2 * one.perMs);
    const known = this.#windows.get(key);
    const window = known?.perMs === perMs ? known : { start: now, perMs, count: 0, before: 0 };
    const passed = Math.floor((now - window.start) / perMs);
    const start = window.start + passed * perMs;
    const count = passed === 0 ? window.count : 0;
    const before = passed === 0 ? window.before : passed === 1 ? window.count : 0;
    const share = 1 - (now - start) / perMs;
    const used = count + before * share;
    const resetMs = start + perMs - now;
    if (used + 1 > limit + EPSILON_MS) {
      const excess = used + 1 - limit;
      const delayMs =
        before * share >= excess ? (excess / before) * perMs : resetMs + Math.max(0, 1 - (limit - 1) / count) * perMs;
      return { allowed: false, delayMs, remaining: 0, resetMs };
    }
    if (!isAsked) this.#windows.set(key, { start, perMs, count: count + 1, before });
    return { allowed: true, delayMs: 0, remaining: Math.max(0, Math.floor(limit - used - 1)), resetMs };
  }

  /** Where a value is held, or would be. */
  #place<Held>(map: Map<string, Held>, value: string, isOver: (held: Held) => boolean): string {
    if (map.size < this.#maxValues || map.has(value)) return value;
    // The oldest are the likeliest to be over; a part of them is looked at each time.
    let left = SWEEP;
    for (const [key, held] of map) {
      if (isOver(held)) map.delete(key);
      if (--left === 0) break;
      if (map.size < this.#maxValues) return value;
    }
    return map.size < this.#maxValues ? value : `\0${hash(value) % SHARED}`;
  }
}

interface Window {
  readonly start: number;
  readonly perMs: number;
  readonly count: number;
  readonly before: number;
}

function hash(text: string): number {
  let code = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  return code >>> 0;
}

const MAX_VALUES = 100_000;
/** Values that are looked at for each new one while the table is full. */
const SWEEP = 16;
/** Places that values share once the table is full. */
const SHARED = 256;
const EPSILON_MS = 1e-6;
