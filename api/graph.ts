import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { graphShape } from './graph-shape.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * Shared graphs, which `include` nodes of other graphs walk through.
 *
 *     GET                                               -> {"signed-in": {"init": "r1", "rules": {...}}}
 *     PUT    {"signed-in": {"init": ..., "rules": ...}} -> {"msg": "OK"}
 *     DELETE ["signed-in", "nope"]                      -> {"signed-in": true, "nope": 404}
 *     POST   {"init": "r1", "rules": {...}}             -> {"init": "r1", "nodes": [{"name": "r1", "type": "path", "edges": [{"edge": "succ", "to": "r2"}, ...]}]}
 *
 * POST answers the nodes and edges of any graph's document, in force or not, good or not, as they can be drawn: edges that it leaves out lead
 * to null. It changes nothing, and the document is not checked otherwise; `PUT domain?dry_run=1` does that.
 */
export const graph = defineResource({
  name: 'graph',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: control.graphs(), tag: changes.tag('graph') }),
    },
    POST: {
      takesBody: true,
      handle: ({ body, rules }) => ({ status: 200, body: graphShape(body, rules) }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const documents = readNamed(request.body, 'names and shared graphs');
        if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
        const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-graph', name, document }));
        return change(request, 'PUT graph', 'graph', mutations);
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'names of shared graphs');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const known = new Set(names.filter((name) => request.control.hasGraph(name)));
        // Defines own members, so that a name such as `__proto__` is answered like any other.
        const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
        const mutations = [...known].map((name): Mutation => ({ kind: 'delete-graph', name }));
        return change(request, 'DELETE graph', 'graph', mutations, answer);
      },
    }),
  },
});
