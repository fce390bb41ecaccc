import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * Options of upstreams, beside their servers; what is left out is at its default.
 *
 *     GET                                                -> {"up1": {"balance": {"algorithm": "random"}}}
 *     PUT    {"up1": {"balance": {"algorithm": "random"}}} -> {"msg": "OK"}; replaces the options of up1
 *     DELETE ["up1", "nope"]                             -> {"up1": true, "nope": 404}; up1 is at its defaults
 */
export const option = defineResource({
  name: 'option',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: control.options(), tag: changes.tag('options') }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const documents = readNamed(request.body, 'upstream names and their options');
        if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
        const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-options', name, document }));
        return change(request, 'PUT option', 'options', mutations);
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'upstream names');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const known = new Set(names.filter((name) => request.control.hasOptions(name)));
        // Defines own members, so that a name such as `__proto__` is answered like any other.
        const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
        const mutations = [...known].map((name): Mutation => ({ kind: 'delete-options', name }));
        return change(request, 'DELETE option', 'options', mutations, answer);
      },
    }),
  },
});
