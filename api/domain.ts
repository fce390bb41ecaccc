import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * Domains and their graphs.
 *
 *     GET                                          -> {"a.test": {"init": "r1", "rules": {...}}}
 *     PUT    {"a.test": {"init": ..., "rules": ...}} -> {"msg": "OK"}
 *     DELETE ["a.test"]                            -> {"msg": "OK"}, unknown names too
 */
export const domain = defineResource({
  name: 'domain',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: control.domains(), tag: changes.tag('domain') }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const documents = readNamed(request.body, 'domain names and graphs');
        if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
        const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-domain', name, document }));
        return change(request, 'PUT domain', 'domain', mutations);
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'domain names');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const mutations = names.map((name): Mutation => ({ kind: 'delete-domain', name }));
        return change(request, 'DELETE domain', 'domain', mutations);
      },
    }),
  },
});
