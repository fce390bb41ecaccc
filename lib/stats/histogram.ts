import { countInPairs } from './sparse-counts.ts';

/**
 * Counts of whole numbers in buckets that grow with the number: sixteen to each doubling, so that a quantile read from them is
 * right to 3.2 % (log-linear buckets, as in HdrHistogram). Memory grows with what is recorded: a few buckets stand side by side, and
 * where there are more there is room for all up to the largest; recording is one shift and two additions then.
 *
 * ```
 *   number   0 1 2 ... 15 | 16 17 ... 31 | 32-33 34-35 ... 62-63 | 64-67 ...
 *   bucket   0 1 2 ... 15 | 16 17 ... 31 | 32    33    ... 47    | 48    ...
 * ```
 */
export class Histogram {
  count = 0;
  sum = 0;
  /** Pairs of bucket and count, ascending, while there are few; null before the first, and where `#counts` has them. */
  #few: number[] | null = null;
  #counts = NO_COUNTS;

  /** `value`: a whole number from 0; what is above 2^31 - 1 counts in the last bucket. */
  record(value: number): void {
    this.#add(bucketOf(value), 1);
    this.sum += value;
  }

  /** Everything recorded as plain data, for `merge` elsewhere; null if there is nothing. Forgets it here. */
  take(): HistogramDelta | null {
    if (this.count === 0) return null;
    const delta = { sum: this.sum, buckets: this.#pairs() };
    this.clear();
    return delta;
  }

  merge({ sum, buckets }: HistogramDelta): void {
    for (let i = 0; i < buckets.length; i += 2) this.#add(buckets[i] ?? 0, buckets[i + 1] ?? 0);
    this.sum += sum;
  }

  add(other: Histogram): void {
    this.merge({ sum: other.sum, buckets: other.#pairs() });
  }

  clear(): void {
    this.#few = null;
    this.#counts.fill(0);
    this.count = 0;
    this.sum = 0;
  }

  /** How many numbers are at most `bound`, to the precision of a bucket. */
  upTo(bound: number): number {
    const last = bucketOf(bound);
    const pairs = this.#pairs();
    let total = 0;
    for (let i = 0; i < pairs.length && (pairs[i] ?? 0) <= last; i += 2) total += pairs[i + 1] ?? 0;
    return total;
  }

  /** The number below which a share of `q` (0 to 1) of all lies: the middle of its bucket. 0 if there is none. */
  quantile(q: number): number {
    const pairs = this.#pairs();
    let left = Math.max(1, Math.ceil(this.count * q));
    for (let i = 0; i < pairs.length; i += 2) {
      const bucket = pairs[i] ?? 0;
      left -= pairs[i + 1] ?? 0;
      if (left <= 0) return (lowestOf(bucket) + lowestOf(bucket + 1) - 1) / 2;
    }
    return 0;
  }

  #add(bucket: number, count: number): void {
    this.count += count;
    const counts = this.#counts;
    if (bucket < counts.length) counts[bucket] = (counts[bucket] ?? 0) + count;
    else if (counts.length > 0) this.#grow(bucket)[bucket] = count;
    else if (this.#few === null) this.#few = [bucket, count];
    else if (!countInPairs(this.#few, bucket, count)) this.#spread(this.#few, bucket, count);
  }

  /** Pairs of bucket and count of those that are not empty, ascending. */
  #pairs(): readonly number[] {
    const counts = this.#counts;
    if (counts.length === 0) return this.#few ?? [];
    const pairs: number[] = [];
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const count = counts[bucket] ?? 0;
      if (count > 0) pairs.push(bucket, count);
    }
    return pairs;
  }

  #spread(few: readonly number[], bucket: number, count: number): void {
    const counts = this.#grow(Math.max(bucket, few.at(-2) ?? 0));
    for (let i = 0; i < few.length; i += 2) counts[few[i] ?? 0] = few[i + 1] ?? 0;
    counts[bucket] = count;
    this.#few = null;
  }

  #grow(bucket: number): Float64Array {
    const counts = new Float64Array(Math.min(BUCKETS, (bucket | 31) + 1));
    counts.set(this.#counts);
    this.#counts = counts;
    return counts;
  }
}

/** What a histogram has counted: pairs of bucket and count. */
export interface HistogramDelta {
  readonly sum: number;
  readonly buckets: readonly number[];
}

export function bucketOf(value: number): number {
  const whole = value > MAX_VALUE ? MAX_VALUE : value | 0;
  if (whole < SUB_BUCKETS) return whole < 0 ? 0 : whole;
  const shift = 31 - SUB_BITS - Math.clz32(whole);
  return (shift << SUB_BITS) + (whole >>> shift);
}

/** The smallest number that falls into a bucket. */
export function lowestOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return ((bucket & (SUB_BUCKETS - 1)) + SUB_BUCKETS) * 2 ** shift;
}

const SUB_BITS = 4;
const SUB_BUCKETS = 1 << SUB_BITS;
const MAX_VALUE = 0x7fffffff;
const BUCKETS = bucketOf(MAX_VALUE) + 1;
const NO_COUNTS = new Float64Array(0);
