import { compilePattern } from '../lib/routing/pattern.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { readerOf, VALUE_PROPERTY, type ValueArgs } from './request-value.ts';

interface Args {
  readonly on: ValueArgs;
  readonly cases: readonly Case[];
}

interface Case {
  readonly exact?: string | readonly string[];
  readonly prefix?: string;
  readonly pattern?: string;
  readonly to?: string | null;
}

/**
 * Goes one of many ways by one value: exact cases first, then the longest prefix that fits, then patterns in their order, then `default`.
 * Exact cases cost the same however many there are.
 *
 *     {"type": "switch", "args": {"on": {"header": "X-Tenant"},
 *                                 "cases": [{"exact": ["acme", "apex"], "to": "large"},
 *                                           {"prefix": "test-", "to": "sandbox"},
 *                                           {"pattern": "^t\\d+$", "to": "numbered"}],
 *                                 "default": "unknown"}}
 *
 * `on` names the value: `"host"`, `"path"`, `"method"`, `"client"` (its address), or an object with `header`, `cookie` or `query`, or with a
 * `template`. A request without the value takes `default`.
 */
export const switchRule = defineRule<Args>({
  type: 'switch',
  summary: 'Goes one of many ways by a value.',
  args: {
    properties: {
      on: VALUE_PROPERTY,
      cases: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            exact: {
              type: ['string', 'array'],
              items: { type: 'string' },
              minItems: 1,
              description: 'the value, or several',
            },
            prefix: { type: 'string', description: 'what the value begins with' },
            pattern: { type: 'string', description: 'regular expression that is found in the value' },
            to: { type: ['string', 'null'], description: 'name of the next node; without it the answer is 403' },
          },
          additionalProperties: false,
        },
        description:
          'each has one of `exact` (a text or a list), `prefix`, `pattern`, and `to`, the name of the next node',
      },
    },
    required: ['on', 'cases'],
    additionalProperties: false,
  },
  edges: ['default'],
  moreEdges: ({ cases }) => cases.map((_, i) => `cases/${i}/to`),
  compile({ on, cases }, context) {
    const { edge, problem } = context;
    const read = readerOf(on, context);
    const otherwise = edge('default');
    const exact = new Map<string, Node>();
    const prefixes: { readonly prefix: string; readonly to: Node }[] = [];
    const patterns: { readonly pattern: RegExp; readonly to: Node }[] = [];
    for (const [i, one] of cases.entries()) {
      const to = edge(`cases/${i}/to`);
      const asked = (['exact', 'prefix', 'pattern'] as const).filter((kind) => one[kind] !== undefined);
      if (asked.length !== 1) problem(`/cases/${i}`, 'needs exactly one of exact, prefix, pattern');
      for (const value of [one.exact ?? []].flat()) {
        if (exact.has(value)) problem(`/cases/${i}/exact`, `names ${JSON.stringify(value)}, which a case before has`);
        exact.set(value, to);
      }
      if (one.prefix !== undefined) prefixes.push({ prefix: one.prefix, to });
      if (one.pattern === undefined) continue;
      const pattern = compilePattern(one.pattern, { ignoreCase: false });
      if (typeof pattern === 'string') problem(`/cases/${i}/pattern`, pattern);
      else patterns.push({ pattern, to });
    }
    // Of equally long prefixes only one can fit.
    prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
    return (request, plan) => {
      const value = read(request, plan);
      if (value === null) return otherwise;
      const found = exact.get(value);
      if (found !== undefined) return found;
      for (const { prefix, to } of prefixes) if (value.startsWith(prefix)) return to;
      for (const { pattern, to } of patterns) if (pattern.test(value)) return to;
      return otherwise;
    };
  },
});
