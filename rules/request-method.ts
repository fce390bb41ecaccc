import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly method: string;
}

/**
 * Changes the method of the forwarded request, and goes on to `next`. The nodes behind it see the new one.
 *
 *     {"type": "request-method", "args": {"method": "POST", "next": "api"}}
 *
 * Nothing becomes HEAD, and a HEAD request stays one, since a reply to HEAD has no body. CONNECT cannot be forwarded.
 */
export const requestMethod = defineRule<Args>({
  type: 'request-method',
  summary: 'Changes the method of the forwarded request.',
  args: {
    properties: {
      method: {
        type: 'string',
        pattern: "^(?!(?:HEAD|CONNECT)$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        description: 'method instead of the one asked for, such as `POST`',
      },
    },
    required: ['method'],
    additionalProperties: false,
  },
  edges: ['next'],
  compile({ method }, { edge }) {
    const next = edge('next');
    return (request, plan) => {
      // Only OPTIONS has a target without a path (RFC 9112 3.2.4).
      if (request.method !== 'HEAD' && request.path !== '*') plan.method = method;
      return next;
    };
  },
});
