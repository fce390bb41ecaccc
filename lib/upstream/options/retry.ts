import { RetryOn } from '../../core/delivery-policy.ts';
import type { RetryBudgetOptions } from '../retry-budget.ts';
import { defineSection } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

export interface RetryOptions {
  readonly tries: number;
  /** Bits of `RetryOn`. */
  readonly on: number;
  readonly statuses: ReadonlySet<number>;
  readonly nonIdempotent: boolean;
  readonly sameServer: boolean;
  /** 0: unbounded. */
  readonly tryMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly replayBytes: number;
  /** 0: never. */
  readonly hedgeMs: number;
  readonly budget: RetryBudgetOptions;
}

const CONDITIONS = {
  connect: RetryOn.CONNECT,
  closed: RetryOn.CLOSED,
  timeout: RetryOn.TIMEOUT,
  invalid: RetryOn.INVALID,
} as const;

interface Document {
  readonly tries: number;
  readonly on: readonly (keyof typeof CONDITIONS)[];
  readonly statuses: readonly number[];
  readonly non_idempotent: boolean;
  readonly same_server: boolean;
  readonly try_timeout: string;
  readonly backoff: string;
  readonly max_backoff: string;
  readonly replay: number;
  readonly hedge_after: string;
  readonly budget_percent: number;
  readonly budget_min: number;
}

/** What is done when a server fails a request. */
export const retry = defineSection({
  summary: 'What is done when a server fails a request.',
  properties: {
    tries: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 3,
      description: 'most servers that one request is given to, in all',
    },
    on: {
      type: 'array',
      title: 'any of `connect`, `closed`, `timeout`, `invalid`',
      items: { enum: Object.keys(CONDITIONS) },
      uniqueItems: true,
      default: Object.keys(CONDITIONS),
      description:
        'what another server may mend: no connection, a connection that ends before the reply, no reply in time, a reply that is none',
    },
    statuses: {
      type: 'array',
      title: 'a list of statuses from 400 to 599',
      items: { type: 'integer', minimum: 400, maximum: 599 },
      uniqueItems: true,
      default: [500, 504],
      description: 'statuses of replies that another server may mend; they count as failures of their server',
    },
    non_idempotent: {
      type: 'boolean',
      default: false,
      description: 'whether POST, PATCH and methods that are not known may be sent again after a part of them was sent',
    },
    same_server: {
      type: 'boolean',
      default: false,
      description: 'whether a server may be tried again when no other is left',
    },
    try_timeout: timeOption(
      '0s',
      'most that one try may take to the head of its reply; 0s: no bound beside `timeouts`',
    ),
    backoff: timeOption(
      '0s',
      'longest wait before the second try, doubled before each further one; the wait is random below that',
    ),
    max_backoff: timeOption('1s', 'bound of the doubling'),
    replay: {
      type: 'integer',
      minimum: 0,
      maximum: 1_073_741_824,
      default: 65_536,
      description: 'bytes of a body that are kept so that it can be sent again; see also the option `max-replay`',
    },
    hedge_after: timeOption(
      '0s',
      'a reply that takes longer to begin is asked of a second server, too, and the first of both counts; 0s: never',
    ),
    budget_percent: {
      type: 'number',
      minimum: 0,
      maximum: 10_000,
      default: 20,
      description: 'retries and hedges that send a request once more, in percent of the requests of the last 10 s',
    },
    budget_min: {
      type: 'number',
      minimum: 0,
      maximum: 1_000_000,
      default: 10,
      description: 'such retries and hedges that are allowed a second beside, per worker',
    },
  },
  read: (document: Document): RetryOptions => ({
    tries: document.tries,
    on: document.on.reduce((bits, condition) => bits | CONDITIONS[condition], 0),
    statuses: new Set(document.statuses),
    nonIdempotent: document.non_idempotent,
    sameServer: document.same_server,
    tryMs: milliseconds(document.try_timeout),
    backoffMs: milliseconds(document.backoff),
    maxBackoffMs: milliseconds(document.max_backoff),
    replayBytes: document.replay,
    hedgeMs: milliseconds(document.hedge_after),
    budget: { ratio: document.budget_percent / 100, minPerSecond: document.budget_min },
  }),
});
