import { defineRule } from '../lib/routing/rule.ts';

interface Args {
  readonly of: readonly { readonly upstream: string; readonly to?: string | null }[];
}

/**
 * Goes the first way whose upstream can be used: it exists, has a server that would be given a new request, and its breaker is not open.
 *
 *     {"type": "try", "args": {"of": [{"upstream": "here", "to": "local"}, {"upstream": "there", "to": "remote"}],
 *                              "default": "sorry"}}
 *
 * It looks at what is known, and asks no server. A request that fails on its way is not brought back here: that is what `fallback` is for.
 */
export const tryRule = defineRule<Args>({
  type: 'try',
  summary: 'Goes the first way whose upstream can be used.',
  args: {
    properties: {
      of: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            upstream: { type: 'string', minLength: 1, description: 'upstream that has to have a usable server' },
            to: { type: ['string', 'null'], description: 'name of the next node; without it the answer is 403' },
          },
          required: ['upstream'],
          additionalProperties: false,
        },
        description: 'each has `upstream`, a name with its tag if it has one, and `to`, the name of the next node',
      },
    },
    required: ['of'],
    additionalProperties: false,
  },
  edges: ['default'],
  moreEdges: ({ of }) => of.map((_, i) => `of/${i}/to`),
  upstreams: ({ of }) => of.map(({ upstream }) => upstream.split('#', 1)[0] ?? upstream),
  compile({ of }, { edge, means }) {
    const ways = of.map(({ upstream }, i) => ({ upstream, to: edge(`of/${i}/to`) }));
    const otherwise = edge('default');
    return () => {
      for (const { upstream, to } of ways) if (means.isUsable(upstream)) return to;
      return otherwise;
    };
  },
});
