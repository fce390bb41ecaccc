import { PolicyEdit } from '../lib/core/policy-edit.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args {
  readonly after: string;
}

/**
 * Asks a second server, too, where a reply takes long to begin, and goes on to `next`. The first of both replies counts, the other
 * server is let go.
 *
 *     {"type": "hedge", "args": {"after": "200ms", "next": "search"}}
 *
 * Only a request that may be sent twice is hedged: its method is idempotent, or a `retry` node says that this does not matter, and its body
 * is small enough to be kept. Hedges count against the upstream's budget for retries. `0s` turns off what the upstream's options ask for.
 */
export const hedge = defineRule<Args>({
  type: 'hedge',
  summary: 'Asks a second server where the first one is slow.',
  args: {
    properties: { after: timeProperty('how long the first server is waited for; about the 95th percentile is good') },
    required: ['after'],
    additionalProperties: false,
  },
  edges: ['next'],
  compile({ after }, { edge, problem }) {
    const next = edge('next');
    const edit = new PolicyEdit({ hedgeMs: readTime(after, '/after', problem) });
    return (_request, plan) => {
      plan.deliver(edit);
      return next;
    };
  },
});
