import { integer, text } from '../lib/core/option-kinds.ts';
import { optional, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

/**
 * What was changed in the store through ELB, by whom and when, newest first; and what one of those transactions changed. What
 * others write there is not in it.
 *
 *     GET          -> {"history": [{"id": "...", "at": "...", "by": {"address": "127.0.0.1", "token": null}, "call": "PUT dump", ...}]}
 *     GET ?id=...  -> {"changes": [{"kind": "domain", "name": "a.test", "change": "changed", "differences": [...]}]}
 */
export const history = defineResource({
  name: 'history',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters: {
        id: optional(text, 'tell what this transaction changed'),
        limit: usually(integer(1, 10_000), '50', 'most transactions that are told'),
      },
      async handle({ changes, query }) {
        if (query.id === null) {
          const records = await changes.records();
          return { status: 200, body: { history: records.slice(0, query.limit) } };
        }
        const recorded = await changes.recorded(query.id);
        if (recorded !== null) return { status: 200, body: { changes: recorded } };
        return { status: 404, msg: `there is no ${query.id} in the history, or it was too large to be kept` };
      },
    }),
  },
});
