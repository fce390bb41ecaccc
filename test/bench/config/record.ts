/** How often the probe of a process writes a record. */
export const RECORD_MS = 250;

/** What the probe of a process has seen since its record before. */
export interface ProbeRecord {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** CPU time of the longest turn of the event loop. */
  readonly longestUs: number;
  /** The same, of each turn what is beyond its events (`uv_metrics_info`) times what one took on average just before. */
  readonly beyondUs: number;
  readonly heap: number;
  readonly rss: number;
  readonly collected: boolean;
}
