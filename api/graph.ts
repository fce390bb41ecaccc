import { graphShape } from './graph-shape.ts';
import { defineResource } from './resource.ts';

/**
 * The nodes and edges of a document, in force or not, good or not, as they can be drawn: edges that it leaves out lead to null. The
 * document is not checked otherwise; `PUT domain?dry_run=1` does that.
 *
 *     POST {"init": "r1", "rules": {...}} -> {"init": "r1", "nodes": [{"name": "r1", "type": "path", "edges": [{"edge": "succ", "to": "r2"}, ...]}]}
 */
export const graph = defineResource({
  name: 'graph',
  methods: {
    POST: {
      takesBody: true,
      handle: ({ body, rules }) => ({ status: 200, body: graphShape(body, rules) }),
    },
  },
});
