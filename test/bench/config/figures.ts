import type { ProbeRecord } from './record.ts';

/** The longest turn, and how often there were long ones. */
export function longestOf(records: readonly ProbeRecord[]): string {
  const most = (all: readonly number[]): string => `${(Math.max(...all) / 1000).toFixed(1)} ms`;
  const above = (all: readonly number[]): number => all.filter((us) => us > 2000).length;
  const all = records.map(({ longestUs }) => longestUs);
  const beyond = records.map(({ beyondUs }) => beyondUs);
  return `${most(all)} (${above(all)} of ${all.length} quarters of a second above 2 ms); beyond its events ${most(beyond)} (${above(beyond)})`;
}

/** Two percentiles, as milliseconds. */
export function microseconds({ p50Us, p99Us }: { readonly p50Us: number; readonly p99Us: number }): string {
  return `${(p50Us / 1000).toFixed(2)} ms, ${(p99Us / 1000).toFixed(2)} ms`;
}
