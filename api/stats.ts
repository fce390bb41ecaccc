import { integer, text } from '../lib/core/option-kinds.ts';
import { optional, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

const parameters = {
  domain: optional(text, 'only this domain'),
  upstream: optional(text, 'only this upstream and its servers'),
  limit: usually(integer(1, 100_000), '100', 'most of each kind, the busiest first'),
};

/**
 * How much is asked for, how often in vain, and what it takes, now and of late. Requests per second (`m1`, `m5`, `m15`: means of the last
 * minutes, as a load average), errors (a status from 400 on, or no reply), times in milliseconds with their percentiles over the last
 * minute, five and fifteen, bytes and statuses: in all, of domains, upstreams and servers. And who is at the top: paths (parts that
 * vary are `*`), domains, clients, and the slowest requests. Paths and clients are counted by sample where there are more than a hundred
 * requests a second.
 *
 *     GET ?limit=10 -> {"total": {"count": 42, "m1": 1.5, "m1ErrPercent": 0.1, "p50": 1.2, "p999": 30.1, "codes": {"200": 40}, "windows": {"1m": ...}, ...},
 *                       "domains": [{"name": "a.test", ...}], "upstreams": [...], "servers": [...],
 *                       "top": {"paths": [{"path": "/users/*", ...}], "domains": [...], "clients": [...], "slowest": [...]}}
 */
export const stats = defineResource({
  name: 'stats',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters,
      async handle({ query, stats: source }) {
        const view = await source.stats(query);
        const slowest = view.top.slowest.map((one) => ({ ...one, at: new Date(one.at).toISOString() }));
        return { status: 200, body: { ...view, top: { ...view.top, slowest } } };
      },
    }),
  },
});
