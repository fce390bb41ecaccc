import { defineRule } from '../lib/routing/rule.ts';
import { turningAway } from './turning-away.ts';

interface Args {
  readonly max_bytes: number;
}

/**
 * Bounds the body of requests, and goes on to `next`. A longer one goes to `too_large` if its length is announced, or is answered 413.
 *
 *     {"type": "body-limit", "args": {"max_bytes": 1048576, "next": "upload"}}
 *
 * A body that comes in chunks says its length only by its end: it is let through, and where it grows beyond the bound the server's
 * connection is closed and the client is answered 413. It can only narrow what the option `max-body` allows.
 */
export const bodyLimit = defineRule<Args>({
  type: 'body-limit',
  summary: 'Bounds the body of requests.',
  args: {
    properties: {
      max_bytes: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'most bytes of a body' },
    },
    required: ['max_bytes'],
    additionalProperties: false,
  },
  edges: ['next', 'too_large'],
  compile(args, context) {
    const next = context.edge('next');
    const { max_bytes: maxBytes } = args;
    const refuse = turningAway(args, 'too_large', 413, context);
    return (request, plan) => {
      const length = Number(request.field('content-length') ?? 0);
      if (length > maxBytes) return refuse(plan, 'body is larger than allowed');
      plan.maxBodyBytes = Math.min(plan.maxBodyBytes, maxBytes);
      return next;
    };
  },
});
