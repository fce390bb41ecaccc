import type { Rate, RateVerdict } from '../lib/core/rate-table.ts';
import { RateTable } from '../lib/core/rate-table.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { COUNTED_PROPERTIES, type CountedArgs } from './counted.ts';
import { turningAway } from './turning-away.ts';
import { readerOf } from './request-value.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args extends CountedArgs {
  readonly limit: number;
  readonly per: string;
  readonly burst?: number;
  readonly algorithm?: 'token-bucket' | 'sliding-window';
  readonly wait?: string;
  readonly scope?: 'worker' | 'instance' | 'fleet';
  readonly fields?: boolean;
}

/**
 * Bounds how many requests go on to `next` in some time, in all or for each value of something. The others go to `limited`, or are answered
 * 429.
 *
 *     {"type": "rate-limit", "args": {"limit": 100, "per": "1m", "by": "client", "next": "api"}}
 *     {"type": "rate-limit", "args": {"limit": 5, "per": "1s", "wait": "1s", "next": "slow"}}
 *     {"type": "rate-limit", "args": {"limit": 1000, "per": "1h", "by": {"header": "X-Api-Key"}, "key": "api-keys", "scope": "fleet",
 *                                     "algorithm": "sliding-window", "next": "api"}}
 *
 * A `token-bucket` holds `burst` tokens and gets `limit` new ones within `per`, evenly; a request takes one. With `wait` a request may take a
 * token that is yet to come, and waits for it, no longer than that. A `sliding-window` allows `limit` within any `per`, however they are
 * spread: what was counted in the window before counts in proportion to how much of it is not over.
 *
 * `scope` says who counts together: each `worker` by itself; the workers of this `instance`; or the `fleet`, all instances that have the
 * same Redis (option `redis`). Who cannot be reached in time is not waited for: `unknown` says whether a request is then counted
 * in this `worker` alone, allowed or denied. Nodes with the same `key`, in any graph, count together, each with its own limit; a node without
 * it counts alone. Requests without the value share one count. Counts stay when the document changes.
 *
 * Replies say how much is left, in the form of draft-ietf-httpapi-ratelimit-headers-10, with the node's name as that of the policy:
 * `RateLimit-Policy: "api";q=100;w=60` and `RateLimit: "api";r=42;t=18`; an answer 429 says `Retry-After` besides.
 */
export const rateLimit = defineRule<Args>({
  type: 'rate-limit',
  summary: 'Bounds how many requests there are in some time.',
  args: {
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 1e9, description: 'requests within `per`' },
      per: timeProperty('the time in which they are counted: `1s`, `1m`, `1h`'),
      burst: {
        type: 'integer',
        minimum: 1,
        maximum: 1e9,
        description: 'for token buckets: requests that may come at once; `limit` without it',
      },
      algorithm: {
        enum: ['token-bucket', 'sliding-window'],
        default: 'token-bucket',
        description: 'how it is counted',
      },
      wait: timeProperty('for token buckets: longest time that a request waits for its turn', '0s'),
      scope: { enum: ['worker', 'instance', 'fleet'], default: 'worker', description: 'who counts together' },
      fields: { type: 'boolean', default: true, description: 'whether replies say how much is left' },
      ...COUNTED_PROPERTIES,
    },
    required: ['limit', 'per'],
    additionalProperties: false,
  },
  edges: ['next', 'limited'],
  compile(args, context) {
    const next = context.edge('next');
    const refuse = turningAway(args, 'limited', 429, context);
    const rate = rateOf(args, context.problem);
    const { by, key = null, scope = 'worker', fields = true, unknown = 'worker' } = args;
    const read = by === undefined ? null : readerOf(by, context);
    const table = context.state(`rate-limit ${rate.algorithm}`, key, () => new RateTable());
    const { means, name } = context;
    const policy = `"${name.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '_')}"`;
    const before = `RateLimit-Policy: ${policy};q=${rate.limit};w=${Math.ceil(rate.perMs / 1000)}\r\nRateLimit: ${policy};r=`;

    const go = (verdict: RateVerdict, plan: Plan): Node | null | Promise<Node | null> => {
      const lines = fields ? `${before}${verdict.remaining};t=${Math.ceil(verdict.resetMs / 1000)}\r\n` : '';
      if (!verdict.allowed) {
        const retry = Math.max(1, Math.ceil(verdict.delayMs / 1000));
        return refuse(plan, 'too many requests', `${lines}Retry-After: ${retry}\r\n`);
      }
      if (fields) plan.editReply({ drop: NONE, lines });
      if (verdict.delayMs === 0 || plan.isObserved) return next;
      const { promise, resolve } = Promise.withResolvers<Node>();
      setTimeout(resolve, Math.ceil(verdict.delayMs), next);
      return promise;
    };

    const shared = scope === 'worker' ? null : means.rates(scope);
    const limit = JSON.stringify(key === null ? [rate.algorithm, context.home, name] : [rate.algorithm, key]);
    return (request, plan) => {
      const value = read === null ? '' : (read(request, plan) ?? '');
      if (scope === 'worker' || plan.isObserved) return go(here(value, plan), plan);
      return elsewhere(value, plan);
    };

    function here(value: string, plan: Plan): RateVerdict {
      return table.take(value, rate, means.now(), plan.isObserved);
    }

    async function elsewhere(value: string, plan: Plan): Promise<Node | null> {
      const verdict = shared === null ? null : await shared.take({ limit, value, rate });
      if (verdict !== null) return go(verdict, plan);
      if (unknown === 'allow') return next;
      return unknown === 'worker'
        ? go(here(value, plan), plan)
        : refuse(plan, 'too many requests', 'Retry-After: 1\r\n');
    }
  },
});

function rateOf(args: Args, problem: (at: string, msg: string) => void): Rate {
  const { limit, algorithm = 'token-bucket' } = args;
  const perMs = readTime(args.per, '/per', problem);
  if (perMs === 0 && args.per.startsWith('0')) problem('/per', 'is no time at all');
  const waitMs = args.wait === undefined ? 0 : readTime(args.wait, '/wait', problem);
  if (waitMs > MAX_WAIT_MS) problem('/wait', 'is more than a minute');
  if (algorithm === 'sliding-window') {
    if (waitMs > 0) problem('/wait', 'is for token buckets: a window has no turns to wait for');
    if (args.burst !== undefined) problem('/burst', 'is for token buckets');
  }
  return { algorithm, limit, perMs: Math.max(perMs, 1), burst: args.burst ?? limit, waitMs };
}

const NONE: readonly string[] = [];
const MAX_WAIT_MS = 60_000;
