import { integer, oneOf, text } from '../lib/core/option-kinds.ts';
import { optional, required, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

/** What has names. */
export const ITEM_KINDS = ['domain', 'graph', 'upstream', 'options'] as const;

/**
 * Names of domains, shared graphs, upstreams, or upstreams with options, in the order of their characters, so many at a time: `found` of `total` have
 * `search` in them. The next page begins `after` the last name of this one.
 *
 *     GET ?kind=domain&search=shop&limit=2 -> {"names": ["shop.example.com", "shop.test"], "found": 12, "total": 100000}
 */
export const names = defineResource({
  name: 'names',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters: {
        kind: required(oneOf(ITEM_KINDS), 'of what'),
        search: optional(text, 'text in the name, in capitals or not'),
        after: optional(text, 'name that the page begins after'),
        limit: usually(integer(1, 10_000), '100', 'most names that are told'),
      },
      handle({ changes, query }) {
        const { kind, search, after, limit } = query;
        const all = changes.names(kind);
        const wanted = search?.toLowerCase() ?? '';
        const found = wanted === '' ? all : all.filter((name) => name.toLowerCase().includes(wanted));
        const from = after === null ? 0 : found.findIndex((name) => name > after);
        const page = from === -1 ? [] : found.slice(from, from + limit);
        return {
          status: 200,
          body: { names: page, found: found.length, total: all.length },
          tag: changes.tag(kind),
        };
      },
    }),
  },
});
