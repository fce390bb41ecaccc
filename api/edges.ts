import { text } from '../lib/core/option-kinds.ts';
import { required } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

/**
 * How often each edge of a domain's graph was walked since the instance started, in all workers, up to now. What `node` and `edge` are
 * empty for is the step into the graph. Edges that were never walked are left out.
 *
 *     GET ?domain=a.test -> {"uptime_s": 12.5, "edges": [{"node": "r1", "edge": "succ", "hits": 42}]}
 */
export const edges = defineResource({
  name: 'edges',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters: { domain: required(text, 'its name, as its document has it') },
      handle: async ({ metrics, query }) => ({
        status: 200,
        body: { edges: await metrics.edges(query.domain), uptime_s: process.uptime() },
      }),
    }),
  },
});
