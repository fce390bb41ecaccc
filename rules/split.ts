import { defineRule, type Node } from '../lib/routing/rule.ts';
import { readerOf, VALUE_PROPERTY, type ValueArgs } from './request-value.ts';

interface Args {
  readonly parts: readonly { readonly weight: number; readonly to?: string | null }[];
  readonly by?: ValueArgs;
  readonly seed?: string;
}

/**
 * Divides requests among several ways in proportion to weights: for canaries, blue-green and tests of variants.
 *
 *     {"type": "split", "args": {"parts": [{"weight": 95, "to": "stable"}, {"weight": 5, "to": "canary"}]}}
 *     {"type": "split", "args": {"parts": [{"weight": 1, "to": "a"}, {"weight": 1, "to": "b"}], "by": {"cookie": "user"}}}
 *
 * Without `by` each request is drawn by chance. With it, requests of one value go one way, on every instance, as long as the weights stay;
 * when a weight grows, requests only move to the way that has grown. Requests without the value are drawn by chance. Two nodes
 * divide independently of each other if their `seed` differs.
 */
export const split = defineRule<Args>({
  type: 'split',
  summary: 'Divides requests among several ways by weight.',
  args: {
    properties: {
      parts: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            weight: { type: 'number', minimum: 0, maximum: 1e6, description: 'share among the weights of all' },
            to: { type: ['string', 'null'], description: 'name of the next node; without it the answer is 403' },
          },
          required: ['weight'],
          additionalProperties: false,
        },
        description: 'each has a `weight` (0 gets nothing) and `to`, the name of the next node',
      },
      by: { ...VALUE_PROPERTY, description: `requests of one value stay together: ${VALUE_PROPERTY.description}` },
      seed: { type: 'string', default: '', description: 'another division of the same values' },
    },
    required: ['parts'],
    additionalProperties: false,
  },
  edges: [],
  moreEdges: ({ parts }) => parts.map((_, i) => `parts/${i}/to`),
  compile({ parts, by, seed = '' }, context) {
    const { edge, problem } = context;
    const total = parts.reduce((sum, { weight }) => sum + weight, 0);
    if (total === 0) problem('/parts', 'has no weight above 0');
    const ways: Way[] = parts.map(({ weight }, i) => ({ to: edge(`parts/${i}/to`), weight, salt: `${seed} ${i} ` }));
    const read = by === undefined ? null : readerOf(by, context);
    return (request, plan) => {
      const value = read === null ? null : read(request, plan);
      return value === null ? drawn(ways, Math.random() * total) : chosen(ways, value);
    };
  },
});

interface Way {
  readonly to: Node;
  readonly weight: number;
  readonly salt: string;
}

function drawn(ways: readonly Way[], at: number): Node | null {
  let left = at;
  for (const { to, weight } of ways) {
    left -= weight;
    if (left < 0) return to;
  }
  return ways.at(-1)?.to ?? null;
}

/** Weighted rendezvous hashing (Thaler and Ravishankar, 1998): a way's share moves only to or from ways whose weight changed. */
function chosen(ways: readonly Way[], value: string): Node | null {
  let best: Way | undefined;
  let most = -Infinity;
  for (const way of ways) {
    const score = way.weight === 0 ? -Infinity : way.weight / -Math.log(unit(way.salt + value));
    if (score > most) {
      most = score;
      best = way;
    }
  }
  return best?.to ?? null;
}

/** A text as a number in (0, 1): FNV-1a, mixed as in MurmurHash3, since FNV alone spreads the last characters badly. */
function unit(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000 + 2 ** -33;
}
