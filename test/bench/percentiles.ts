/** Median, 99th and 99.9th percentile of times in microseconds; zeros where there is none. */
export function percentilesOf(timesUs: ArrayLike<number>): {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
} {
  const sorted = Float64Array.from(timesUs).toSorted();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) };
}

/** The middle one, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}
