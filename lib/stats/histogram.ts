/**
 * Counts of whole numbers in buckets that grow with the number: sixteen to each doubling, so that a quantile read from them is
 * right to 3.2 % (log-linear buckets, as in HdrHistogram). Recording is one shift and two additions; memory begins with the
 * first number and grows with the largest.
 *
 * ```
 *   number   0 1 2 ... 15 | 16 17 ... 31 | 32-33 34-35 ... 62-63 | 64-67 ...
 *   bucket   0 1 2 ... 15 | 16 17 ... 31 | 32    33    ... 47    | 48    ...
 * ```
 */
export class Histogram {
  count = 0;
  sum = 0;
  #counts = NO_COUNTS;

  /** `value`: a whole number from 0; what is above 2^31 - 1 counts in the last bucket. */
  record(value: number): void {
    const bucket = bucketOf(value);
    if (bucket >= this.#counts.length) this.#grow(bucket);
    this.#counts[bucket] = this.#at(bucket) + 1;
    this.count++;
    this.sum += value;
  }

  /** Everything recorded as plain data, for `merge` elsewhere; null if there is nothing. Forgets it here. */
  take(): HistogramDelta | null {
    if (this.count === 0) return null;
    const buckets: number[] = [];
    const counts = this.#counts;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const count = this.#at(bucket);
      if (count > 0) buckets.push(bucket, count);
    }
    const delta = { sum: this.sum, buckets };
    this.clear();
    return delta;
  }

  merge(delta: HistogramDelta): void {
    const { buckets } = delta;
    for (let i = 0; i < buckets.length; i += 2) {
      const bucket = buckets[i] ?? 0;
      const count = buckets[i + 1] ?? 0;
      if (bucket >= this.#counts.length) this.#grow(bucket);
      this.#counts[bucket] = this.#at(bucket) + count;
      this.count += count;
    }
    this.sum += delta.sum;
  }

  add(other: Histogram): void {
    const counts = other.#counts;
    if (counts.length > this.#counts.length) this.#grow(counts.length - 1);
    for (let bucket = 0; bucket < counts.length; bucket++) {
      this.#counts[bucket] = this.#at(bucket) + other.#at(bucket);
    }
    this.count += other.count;
    this.sum += other.sum;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.sum = 0;
  }

  /** How many numbers are at most `bound`, to the precision of a bucket. */
  upTo(bound: number): number {
    const last = Math.min(bucketOf(bound), this.#counts.length - 1);
    let total = 0;
    for (let bucket = 0; bucket <= last; bucket++) total += this.#at(bucket);
    return total;
  }

  /** The number below which a share of `q` (0 to 1) of all lies: the middle of its bucket. 0 if there is none. */
  quantile(q: number): number {
    let left = Math.max(1, Math.ceil(this.count * q));
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#at(bucket);
      if (left <= 0) return (lowestOf(bucket) + lowestOf(bucket + 1) - 1) / 2;
    }
    return 0;
  }

  #at(bucket: number): number {
    return this.#counts[bucket] ?? 0;
  }

  #grow(bucket: number): void {
    const counts = new Float64Array(Math.min(BUCKETS, (bucket | 31) + 1));
    counts.set(this.#counts);
    this.#counts = counts;
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
