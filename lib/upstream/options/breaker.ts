import type { BreakerOptions, FailureOptions } from '../breaker.ts';
import { countOption, percentOption } from './number.ts';
import { defineSection } from './section.ts';
import { statusesOption, statusSet } from './status.ts';
import { milliseconds, timeOption } from './time.ts';

/** The section as a document has it, complete. */
export interface BreakerDocument {
  readonly window: 'none' | 'count' | 'time';
  readonly size: number;
  readonly failure_rate: number;
  readonly slow_rate: number;
  readonly slow: string;
  readonly failures: readonly string[];
  readonly network_errors: boolean;
  readonly minimum: number;
  readonly open: string;
  readonly trial: number;
  readonly max_trial: string;
}

export const breaker = defineSection({
  summary:
    'When an upstream is left alone as a whole: a circuit breaker. It opens when too many of the last requests have failed or were ' +
    'slow, whatever was tried for them; while it is open requests are answered 503 with `Retry-After`. Then a few are let ' +
    'through as a trial, whose results close it or open it again.',
  properties: {
    window: {
      enum: ['none', 'count', 'time'],
      default: 'none',
      description: 'what is looked at: the last requests, or those of the last seconds; `none`: there is no breaker',
    },
    size: countOption(100, 'number of requests, or of seconds', 1, 10_000),
    failure_rate: percentOption(50, 'percent of failures that opens it', 1),
    slow_rate: percentOption(100, 'percent of slow requests that opens it', 1),
    slow: timeOption('60s', 'from here on a request is slow; one that failed is not slow as well'),
    failures: statusesOption(['500', '502-504'], 'statuses, of a server or of our own, that are failures'),
    network_errors: {
      type: 'boolean',
      default: true,
      description: 'whether 408, 499, 502, 503 and 504 are failures, whatever `failures` says',
    },
    minimum: countOption(100, 'fewer requests in the window decide nothing'),
    open: timeOption('60s', 'how long it is open'),
    trial: countOption(10, 'requests that each worker lets through as a trial'),
    max_trial: timeOption('0s', 'longest time for a trial, after which it is open again; 0s: unbounded'),
  },
  read(document: BreakerDocument): (BreakerOptions & FailureOptions) | null {
    const { window, size, failure_rate: failureRate, slow_rate: slowRate, minimum, trial } = document;
    if (window === 'none') return null;
    return {
      window,
      size,
      failureRate,
      slowRate,
      slowMs: milliseconds(document.slow),
      minimum,
      openMs: milliseconds(document.open),
      trial,
      trialMs: milliseconds(document.max_trial),
      failures: statusSet([...document.failures, ...(document.network_errors ? NETWORK_ERRORS : [])]),
    };
  },
});

const NETWORK_ERRORS = ['408', '499', '502', '503', '504'];
