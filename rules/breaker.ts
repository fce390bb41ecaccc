import { defineRule } from '../lib/routing/rule.ts';
import { breaker as section, type BreakerDocument } from '../lib/upstream/options/breaker.ts';
import { RouteGuard } from './route-guard.ts';

interface Args extends Partial<Omit<BreakerDocument, 'window'>> {
  readonly window?: 'count' | 'time';
  readonly key?: string;
  readonly scope?: 'worker' | 'instance';
}

const { window: _, ...properties } = section.schema.properties;
const USUAL = Object.fromEntries(Object.entries(properties).map(([name, { default: value }]) => [name, value]));

/**
 * Leaves what is behind it alone for a while when too much of that fails or is slow, and goes on to `next` otherwise.
 *
 *     {"type": "breaker", "args": {"failure_rate": 50, "size": 100, "minimum": 20, "open": "30s", "next": "search"}}
 *     {"type": "fallback", "args": {"on": ["unavailable"], "next": "breaker", "to": "sorry"}}
 *
 * It is a circuit breaker as in an upstream's options, for one way of a graph: closed at first; open, once of the last `size` requests, or of those of
 * the last `size` seconds, `failure_rate` percent have failed or `slow_rate` percent were slow; after `open` it lets `trial` requests through,
 * whose results close or open it again. While it is open requests are answered 503 with `Retry-After`, or go the way of a `fallback` around it.
 * A request fails by its status, a server's or one of ELB's own, whatever was tried for it.
 *
 * Its state survives changes of the document. With `key`, nodes that name the same one share it, in any graph. The workers of an instance tell each
 * other what they have seen, twenty times a second, and at once when it opens or closes; each of them makes a `trial`, and the first to come to an end
 * counts for all. With the `scope` `worker` each counts by itself.
 */
export const breaker = defineRule<Args>({
  type: 'breaker',
  summary: 'Leaves servers alone for a while when too many requests fail.',
  args: {
    properties: {
      window: {
        enum: ['count', 'time'],
        default: 'count',
        description: 'what is looked at: the last requests, or those of the last seconds',
      },
      ...properties,
      key: { type: 'string', minLength: 1, description: 'nodes with the same key share one breaker' },
      scope: {
        enum: ['worker', 'instance'],
        default: 'instance',
        description: 'who counts together: the workers of this instance, or each by itself',
      },
    },
    additionalProperties: false,
  },
  edges: ['next'],
  compile({ key, scope = 'instance', window = 'count', ...rest }, { edge, home, means, name, problem, state }) {
    const next = edge('next');
    // The schema has accepted what is there, and the rest is as the options have it.
    const document = { ...USUAL, ...rest, window } as never;
    const options = { breaker: section.read(document, problem), concurrency: 0 };
    const id = JSON.stringify(key === undefined ? [home, name] : [key]);
    const ties = scope === 'instance' ? means.breakers : null;
    const { gate } = state(`breaker of ${scope}`, key ?? null, () => new RouteGuard(id, options, ties));
    gate.change(options);
    return (_request, plan) => {
      plan.gate = gate;
      return next;
    };
  },
});
