import { countOption, percentOption } from './number.ts';
import { defineSection } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

/** When a server is put out of use for what its replies were like. 0: not for that. */
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

interface Document {
  readonly consecutive: number;
  readonly failure_rate: number;
  readonly slow_factor: number;
  readonly slow_by: string;
  readonly requests: number;
  readonly window: string;
  readonly eject: string;
  readonly max_eject: string;
  readonly max_share: number;
}

export const outlier = defineSection({
  summary:
    'When a server is put out of use because of what it did with real requests, beside `max_fails`, as all workers together ' +
    'see it. A failure is what `max_fails` counts. Off while the first three options are 0.',
  properties: {
    consecutive: countOption(0, 'failures in a row', 0),
    failure_rate: percentOption(0, 'percent of the requests of the window that have failed'),
    slow_factor: countOption(0, 'how many times slower than the median of all servers', 0, 1000),
    slow_by: timeOption('50ms', 'with `slow_factor`: what it must be slower by at least'),
    requests: countOption(20, 'fewer requests in the window say nothing about rate and latency'),
    window: timeOption('10s', 'what counts for rate and latency is between half as old as this and as old'),
    eject: timeOption('30s', 'how long a server is out the first time; each further time twice as long'),
    max_eject: timeOption('5m', 'the longest time it is out'),
    max_share: percentOption(50, 'percent of the servers that may be out at once; one of several always may'),
  },
  read(document: Document, problem): OutlierOptions | null {
    const { consecutive, failure_rate: failureRate, slow_factor: slowFactor, requests } = document;
    const windowMs = milliseconds(document.window);
    const ejectMs = milliseconds(document.eject);
    if (windowMs < 1000) problem('/window', 'is less than 1s');
    if (ejectMs < 1000) problem('/eject', 'is less than 1s');
    if (consecutive === 0 && failureRate === 0 && slowFactor === 0) return null;
    return {
      consecutive,
      failureRate,
      slowFactor,
      slowMs: milliseconds(document.slow_by),
      requests,
      windowMs,
      ejectMs,
      maxEjectMs: milliseconds(document.max_eject),
      maxShare: document.max_share,
    };
  },
});
