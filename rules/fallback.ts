import { Fault } from '../lib/core/faults.ts';
import { beginAt, type FallbackTerms } from '../lib/routing/fallback.ts';
import { defineRule } from '../lib/routing/rule.ts';

/** Faults by the condition that an operator knows them by. */
const CONDITIONS = {
  connect: [Fault.CONNECT_FAILED, Fault.CONNECT_TIMEOUT],
  closed: [Fault.SERVER_CLOSED],
  timeout: [Fault.SERVER_TIMEOUT, Fault.REQUEST_TIMEOUT],
  invalid: [
    Fault.BAD_REPLY,
    Fault.BAD_REPLY_FRAMING,
    Fault.REPLY_HEAD_TOO_LARGE,
    Fault.UNASKED_UPGRADE,
    Fault.TOO_MANY_INTERIM,
  ],
  unavailable: [
    Fault.NO_SERVER,
    Fault.NO_PLACE,
    Fault.NO_SOCKET,
    Fault.NOT_READY,
    Fault.BREAKER_OPEN,
    Fault.UPSTREAM_FULL,
  ],
} as const;

interface Args {
  readonly on?: readonly (keyof typeof CONDITIONS)[];
  readonly statuses?: readonly number[];
  readonly non_idempotent?: boolean;
}

/**
 * Goes on to `next`, and where what comes of that fails, or is a reply with one of `statuses`, from here to `to` instead.
 *
 *     {"type": "fallback", "args": {"next": "shop", "to": "sorry"}}
 *     {"type": "fallback", "args": {"statuses": [404], "on": [], "next": "new-site", "to": "legacy-site"}}
 *     {"type": "fallback", "args": {"on": ["timeout"], "next": "half-a-second", "to": "timed-out"}}
 *
 * `on` says which failures, all of them unless it is given: `connect` (no connection to a server), `closed` (before its reply), `timeout`,
 * `invalid` (no HTTP), `unavailable` (no usable server, all full, or a breaker is open). It counts what is left after all retries. A reply
 * whose head the client has been sent is no longer replaced.
 *
 * Behind `to` the request is as it was when it came here: what nodes behind `next` have changed is undone. It may end in another server or in an
 * answer. Another server gets a request only if it can be sent again: its body, if any, was small enough to be kept (`replay` of a `retry`
 * node), and its method is idempotent, nothing of it was sent, or `non_idempotent` says that this does not matter; else the
 * answer is that of the failure, or 502. Several of them may stand in one another: the innermost one that fits is taken, each once.
 */
export const fallback = defineRule<Args>({
  type: 'fallback',
  summary: 'Goes another way where the first one fails.',
  args: {
    properties: {
      on: {
        type: 'array',
        items: { enum: Object.keys(CONDITIONS) },
        uniqueItems: true,
        default: Object.keys(CONDITIONS),
        description: 'failures that lead to `to`',
      },
      statuses: {
        type: 'array',
        items: { type: 'integer', minimum: 300, maximum: 599 },
        uniqueItems: true,
        default: [],
        description: 'statuses of replies that lead to `to`',
      },
      non_idempotent: {
        type: 'boolean',
        default: false,
        description: 'whether POST, PATCH and unknown methods may be sent to a second server',
      },
    },
    additionalProperties: false,
  },
  edges: ['next', 'to'],
  compile(args, { edge }) {
    const { on = ALL, statuses = [], non_idempotent: nonIdempotent = false } = args;
    const next = edge('next');
    const terms: FallbackTerms = {
      faults: new Set(on.flatMap((condition) => CONDITIONS[condition])),
      statuses: new Set(statuses),
      nonIdempotent,
      to: beginAt(edge('to')),
    };
    return (_request, plan) => {
      plan.fallTo(terms);
      return next;
    };
  },
});

// `keys` forgets which ones they are.
const ALL = Object.keys(CONDITIONS) as readonly (keyof typeof CONDITIONS)[];
