import type { KeptRequest } from './kept-request.ts';

/** Times in milliseconds; null: there were none. */
export interface TimesView {
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly p25: number | null;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p95: number | null;
  readonly p98: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

/** A `Stat` as the API shows it: names as Easegress has them. */
export interface StatView extends Omit<TimesView, 'count'> {
  /** Since the instance began; of the errors, too. */
  readonly count: number;
  readonly m1: number;
  readonly m5: number;
  readonly m15: number;
  readonly errCount: number;
  readonly m1Err: number;
  readonly m5Err: number;
  readonly m15Err: number;
  readonly m1ErrPercent: number;
  readonly m5ErrPercent: number;
  readonly m15ErrPercent: number;
  readonly reqSize: number;
  readonly respSize: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly windows: { readonly '1m': TimesView; readonly '5m': TimesView; readonly '15m': TimesView };
}

/** What `GET /__erulb__/stats` answers. The busiest first. */
export interface StatsView {
  /** RFC 3339. */
  readonly at: string;
  readonly uptime_s: number;
  readonly total: StatView;
  readonly domains: readonly (StatView & { readonly name: string })[];
  readonly upstreams: readonly (StatView & { readonly name: string })[];
  readonly servers: readonly (StatView & { readonly upstream: string; readonly name: string })[];
  readonly top: {
    readonly paths: readonly (Omit<StatView, 'windows'> & { readonly path: string })[];
    readonly domains: readonly { readonly name: string; readonly count: number; readonly m1: number }[];
    /** `count` is of late, and too high by at most `over`; `share`: of all that were seen. */
    readonly clients: readonly {
      readonly client: string;
      readonly count: number;
      readonly over: number;
      readonly share: number;
    }[];
    readonly slowest: readonly KeptRequest[];
  };
}

/** What of it is wanted; null: everything. */
export interface StatsFilter {
  readonly domain: string | null;
  readonly upstream: string | null;
  readonly limit: number;
}
