import { RetryOn, type DeliveryPolicy } from '../lib/core/delivery-policy.ts';
import { PolicyEdit } from '../lib/core/policy-edit.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { readTime, timeProperty } from './time-value.ts';

const CONDITIONS = {
  connect: RetryOn.CONNECT,
  closed: RetryOn.CLOSED,
  timeout: RetryOn.TIMEOUT,
  invalid: RetryOn.INVALID,
} as const;

interface Args {
  readonly tries?: number;
  readonly on?: readonly (keyof typeof CONDITIONS)[];
  readonly statuses?: readonly number[];
  readonly non_idempotent?: boolean;
  readonly same_server?: boolean;
  readonly try_timeout?: string;
  readonly backoff?: string;
  readonly max_backoff?: string;
  readonly replay?: number;
}

/**
 * Says what is tried again on this way, whatever its upstream's `retry` says, and goes on to `next`. What is left out is as there.
 *
 *     {"type": "retry", "args": {"tries": 3, "statuses": [500, 503], "backoff": "100ms", "same_server": true, "next": "api"}}
 *     {"type": "retry", "args": {"tries": 1, "next": "payments"}}
 *
 * `tries` counts the first one, too: 1 means never again. The wait before a try is drawn from zero to `backoff`, which doubles with each
 * further try up to `max_backoff`. A method that is not idempotent is sent again only if nothing of it was sent, or `non_idempotent` says so;
 * a body larger than `replay` is not sent again either. The upstream's budget for retries holds here as well: a group of servers that all
 * fail is not given a multiple of its load. Clients are told how often a server was asked where a `response-headers` says so, of failures as well:
 *
 *     {"type": "response-headers", "args": {"set": {"X-Tries": "${reply.tries}"}, "next": "retry"}}
 */
export const retry = defineRule<Args>({
  type: 'retry',
  summary: 'Says what is tried again, how often and when.',
  args: {
    properties: {
      tries: { type: 'integer', minimum: 1, maximum: 1000, description: 'most tries of one request in all' },
      on: {
        type: 'array',
        items: { enum: Object.keys(CONDITIONS) },
        uniqueItems: true,
        description: 'any of `connect`, `closed`, `timeout`, `invalid`: what another try may mend',
      },
      statuses: {
        type: 'array',
        items: { type: 'integer', minimum: 400, maximum: 599 },
        uniqueItems: true,
        description: 'statuses of replies that another try may mend',
      },
      non_idempotent: { type: 'boolean', description: 'whether POST, PATCH and unknown methods are sent again, too' },
      same_server: { type: 'boolean', description: 'whether a server is tried again when no other is left' },
      try_timeout: timeProperty('most that one try may take to the head of its reply; `0s`: no bound'),
      backoff: timeProperty('longest wait before the second try'),
      max_backoff: timeProperty('bound of the doubling'),
      replay: {
        type: 'integer',
        minimum: 0,
        maximum: 1_073_741_824,
        description: 'bytes of a body that are kept so that it can be sent again',
      },
    },
    additionalProperties: false,
  },
  edges: ['next'],
  compile(args, { edge, problem }) {
    const next = edge('next');
    const edit = new PolicyEdit(partsOf(args, problem));
    return (_request, plan) => {
      plan.deliver(edit);
      return next;
    };
  },
});

function partsOf(args: Args, problem: (at: string, msg: string) => void): Partial<DeliveryPolicy> {
  const time = (arg: 'try_timeout' | 'backoff' | 'max_backoff'): number | undefined => {
    const text = args[arg];
    return text === undefined ? undefined : readTime(text, `/${arg}`, problem);
  };
  const parts = {
    tries: args.tries,
    retryOn: args.on?.reduce((bits, condition) => bits | CONDITIONS[condition], 0),
    statuses: args.statuses === undefined ? undefined : new Set(args.statuses),
    nonIdempotent: args.non_idempotent,
    sameServer: args.same_server,
    tryMs: time('try_timeout'),
    backoffMs: time('backoff'),
    maxBackoffMs: time('max_backoff'),
    replayBytes: args.replay,
  };
  // What is left out is absent, not undefined.
  return Object.fromEntries(
    Object.entries(parts).filter(([, value]) => value !== undefined),
  ) as Partial<DeliveryPolicy>;
}
