import { defineResource, OK, refuse } from './resource.ts';
import type { AdminRequest } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';
import type { Mutation } from '../lib/control.ts';

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
    GET: { takesBody: false, handle: ({ control }) => ({ status: 200, body: control.domains() }) },
    PUT: { takesBody: true, handle: put },
    DELETE: { takesBody: true, handle: remove },
  },
});

async function put({ control, body }: AdminRequest) {
  const documents = readNamed(body, 'domain names and graphs');
  if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
  const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-domain', name, document }));
  const problems = await control.mutate(mutations);
  return problems.length > 0 ? refuse('bad document', problems) : OK;
}

async function remove({ control, body }: AdminRequest) {
  const names = readNames(body, 'domain names');
  if (names instanceof WrongShape) return refuse('bad body', names.problems);
  const problems = await control.mutate(names.map((name): Mutation => ({ kind: 'delete-domain', name })));
  return problems.length > 0 ? refuse('bad body', problems) : OK;
}
