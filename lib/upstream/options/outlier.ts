/** When a server is put out of use for what its replies were like. Null and 0: not for that. */
export interface OutlierOptions {
  /** Failures in a row. */
  readonly consecutive: number;
  /** Share of failures, in whole percent of the window's requests. */
  readonly failureRate: number;
  /** How many times slower than the median of its peers. */
  readonly slowFactor: number;
  /** What it must be slower by at least, so that 3 ms beside 1 ms is no reason. */
  readonly slowMs: number;
  /** Requests of a server within the window below which its rate and its latency say nothing. */
  readonly requests: number;
  readonly windowMs: number;
  /** For how long the first time; twice as long each further time, up to the most. */
  readonly ejectMs: number;
  readonly maxEjectMs: number;
  /** Share of the servers that may be out at once, in whole percent; one always may. */
  readonly maxShare: number;
}
