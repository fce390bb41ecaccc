import type { Ending, Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { COUNTED_PROPERTIES, type CountedArgs } from './counted.ts';
import { turningAway } from './turning-away.ts';
import { readerOf } from './request-value.ts';

interface Args extends CountedArgs {
  readonly max: number;
  readonly scope?: 'worker' | 'instance';
}

/**
 * Bounds how many requests go on to `next` at once, in all or for each value of something; the others go to `limited`, or are answered 503.
 *
 *     {"type": "concurrency", "args": {"max": 100, "next": "reports"}}
 *     {"type": "concurrency", "args": {"max": 4, "by": {"header": "X-Api-Key"}, "key": "api", "next": "api"}}
 *
 * A request counts from here until its reply is over; an upgraded connection until it is closed. `scope` says who counts together: each
 * `worker` by itself, or the workers of this `instance`, which costs a message to the primary and back for each request; where that does not answer in
 * time, `unknown` says whether a request is counted in this `worker` alone, allowed or denied. What a worker holds that dies is free at once; while
 * a new program takes over, those of the old one are not counted.
 *
 * Nodes with the same `key`, in any graph, count together, each with its own `max`; a node without it counts alone. Requests without the value
 * share one count. What is counted stays when the document changes.
 */
export const concurrency = defineRule<Args>({
  type: 'concurrency',
  summary: 'Bounds how many requests are under way at once.',
  args: {
    properties: {
      max: { type: 'integer', minimum: 1, maximum: 1e9, description: 'most requests at once' },
      scope: { enum: ['worker', 'instance'], default: 'worker', description: 'who counts together' },
      ...COUNTED_PROPERTIES,
    },
    required: ['max'],
    additionalProperties: false,
  },
  edges: ['next', 'limited'],
  compile(args, context) {
    const next = context.edge('next');
    const refuse = turningAway(args, 'limited', 503, context);
    const { max, by, key = null, scope = 'worker', unknown = 'worker' } = args;
    const read = by === undefined ? null : readerOf(by, context);
    const counts = context.state('concurrency', key, () => new Counts());
    const { means, home, name } = context;
    const limit = JSON.stringify(key === null ? [home, name] : [key]);
    return (request, plan) => {
      const value = read === null ? '' : (read(request, plan) ?? '');
      if (plan.isObserved) return counts.of(value) < max ? next : refuse(plan, BUSY, RETRY);
      return scope === 'worker' ? here(value, plan) : elsewhere(value, plan);
    };

    function here(value: string, plan: Plan): Node | null {
      const place = counts.enter(value, max);
      if (place === null) return refuse(plan, BUSY, RETRY);
      plan.atEnd(place);
      return next;
    }

    async function elsewhere(value: string, plan: Plan): Promise<Node | null> {
      const place = await means.places?.enter({ limit, value, max });
      if (place === null) return refuse(plan, BUSY, RETRY);
      if (place !== undefined) plan.atEnd(place);
      else if (unknown === 'worker') return here(value, plan);
      else if (unknown === 'deny') return refuse(plan, BUSY, RETRY);
      return next;
    }
  },
});

/** Requests under way by value. A value without any is not held. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** Number of values with requests. */
  get size(): number {
    return this.#counts.size;
  }

  of(value: string): number {
    return this.#counts.get(value) ?? 0;
  }

  /** A place, to be told of the end; null where there is none left. */
  enter(value: string, max: number): Ending | null {
    const count = this.of(value);
    if (count >= max) return null;
    this.#counts.set(value, count + 1);
    return { ended: () => this.#leave(value) };
  }

  #leave(value: string): void {
    const left = this.of(value) - 1;
    if (left > 0) this.#counts.set(value, left);
    else this.#counts.delete(value);
  }
}

const BUSY = 'too many requests at this moment';
const RETRY = 'Retry-After: 1\r\n';
