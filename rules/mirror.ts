import type { MirrorTerms } from '../lib/routing/mirror.ts';
import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly upstream: string;
  readonly share?: number;
  readonly max_body?: number;
}

/**
 * Sends a copy of requests to another upstream, too, and goes on to `next`. Whatever becomes of the copy, the client does not notice.
 *
 *     {"type": "mirror", "args": {"upstream": "next-version", "share": 0.1, "next": "web"}}
 *
 * `share` is the part of requests that is copied, 1 for all of them. The copy has the fields and the path that the original has; it is
 * sent once the whole body is there, if that is not larger than `max_body`, and by then the original is on its way already. The reply to
 * it is read and thrown away. It is tried once. Where a worker has too many copies under way already, further ones are left out.
 */
export const mirror = defineRule<Args>({
  type: 'mirror',
  summary: 'Sends copies of requests to another upstream.',
  args: {
    properties: {
      upstream: { type: 'string', minLength: 1, description: 'upstream, or `host:port`, that gets the copies' },
      share: { type: 'number', minimum: 0, maximum: 1, default: 1, description: 'part of the requests that is copied' },
      max_body: {
        type: 'integer',
        minimum: 0,
        maximum: 16_777_216,
        default: 65_536,
        description: 'largest body of a request that is copied, in bytes',
      },
    },
    required: ['upstream'],
    additionalProperties: false,
  },
  edges: ['next'],
  upstreams: ({ upstream }) => (upstream.includes(':') ? [] : [upstream.split('#', 1)[0] ?? upstream]),
  compile({ upstream, share = 1, max_body: maxBodyBytes = 65_536 }, { edge }) {
    const next = edge('next');
    const terms: MirrorTerms = { upstream, maxBodyBytes };
    return (_request, plan) => {
      if (share === 1 || Math.random() < share) plan.mirrors = { terms, before: plan.mirrors };
      return next;
    };
  },
});
