import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * Upstreams and their servers.
 *
 *     GET                                  -> {"up1": [{"addr": "127.0.0.1:8089", "name": "127.0.0.1:8089", "weight": 1, ...}]}
 *     PUT    {"up1": {"127.0.0.1:8088": "weight=2"}} -> {"msg": "OK"}; replaces up1
 *     DELETE ["up1", "nope"]               -> {"up1": true, "nope": 404}
 */
export const upstream = defineResource({
  name: 'upstream',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: control.upstreams(), tag: changes.tag('upstream') }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const upstreams = readNamed(request.body, 'upstream names and their servers');
        if (upstreams instanceof WrongShape) return refuse('bad body', upstreams.problems);
        const mutations = upstreams.map(([name, servers]): Mutation => ({ kind: 'put-upstream', name, servers }));
        return change(request, 'PUT upstream', 'upstream', mutations);
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'upstream names');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const known = new Set(names.filter((name) => request.control.hasUpstream(name)));
        // Defines own members, so that a name such as `__proto__` is answered like any other.
        const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
        const mutations = [...known].map((name): Mutation => ({ kind: 'delete-upstream', name }));
        return change(request, 'DELETE upstream', 'upstream', mutations, answer);
      },
    }),
  },
});
