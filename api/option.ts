import type { Mutation } from '../lib/control.ts';
import { defineResource, OK, refuse } from './resource.ts';
import type { AdminRequest } from './resource.ts';
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
    GET: { takesBody: false, handle: ({ control }) => ({ status: 200, body: control.options() }) },
    PUT: { takesBody: true, handle: put },
    DELETE: { takesBody: true, handle: remove },
  },
});

async function put({ control, body }: AdminRequest) {
  const documents = readNamed(body, 'upstream names and their options');
  if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
  const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-options', name, document }));
  const problems = await control.mutate(mutations);
  return problems.length > 0 ? refuse('bad options', problems) : OK;
}

async function remove({ control, body }: AdminRequest) {
  const names = readNames(body, 'upstream names');
  if (names instanceof WrongShape) return refuse('bad body', names.problems);
  const known = new Set(names.filter((name) => control.hasOptions(name)));
  const problems = await control.mutate([...known].map((name): Mutation => ({ kind: 'delete-options', name })));
  if (problems.length > 0) return refuse('bad body', problems);
  // Defines own members, so that a name such as `__proto__` is answered like any other.
  const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
  return { status: 200 as const, body: answer };
}
