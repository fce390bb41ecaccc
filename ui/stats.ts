import { get, Refused } from './ask.ts';

/** Rates and percentiles of something: requests a second, shares from 0 to 1, milliseconds. */
export interface Stat {
  readonly count: number;
  readonly m1: number;
  readonly m5: number;
  readonly m15: number;
  readonly m1ErrPercent: number | null;
  readonly m5ErrPercent: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly codes?: Readonly<Record<string, number>>;
}

export interface Stats {
  readonly uptime_s: number;
  readonly total: Stat;
  readonly domains: readonly (Stat & { readonly name: string })[];
  readonly upstreams: readonly (Stat & { readonly name: string })[];
  readonly servers: readonly (Stat & { readonly upstream: string; readonly name: string })[];
}

/** The statistics, or null where this instance keeps none. */
export async function statsOf(
  query: { readonly domain?: string; readonly upstream?: string; readonly limit?: number },
  signal: AbortSignal,
): Promise<Stats | null> {
  try {
    // The shape of this call's answer.
    return (await get('stats', query, signal)) as Stats;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}
