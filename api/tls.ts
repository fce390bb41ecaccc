import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * What domains want of TLS, by their names; see docs/tls.md.
 *
 *     GET                               -> {"a.test": {"require": true}}
 *     PUT    {"a.test": {"require": true}} -> {"msg": "OK"}; replaces what a.test wants
 *     DELETE ["a.test", "nope"]         -> {"a.test": true, "nope": 404}; a.test wants nothing
 */
export const tls = defineResource({
  name: 'tls',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: control.tls(), tag: changes.tag('tls') }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const documents = readNamed(request.body, 'domains and what they want');
        if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
        const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-tls', name, document }));
        return change(request, 'PUT tls', 'tls', mutations);
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'domains');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const known = new Set(names.filter((name) => request.control.hasTls(name)));
        // Defines own members, so that a name such as `__proto__` is answered like any other.
        const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
        const mutations = [...known].map((name): Mutation => ({ kind: 'delete-tls', name }));
        return change(request, 'DELETE tls', 'tls', mutations, answer);
      },
    }),
  },
});
