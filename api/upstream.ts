import type { Mutation } from '../lib/control.ts';
import { defineResource, OK, refuse } from './resource.ts';
import type { AdminRequest } from './resource.ts';
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
    GET: { takesBody: false, handle: ({ control }) => ({ status: 200, body: control.upstreams() }) },
    PUT: { takesBody: true, handle: put },
    DELETE: { takesBody: true, handle: remove },
  },
});

async function put({ control, body }: AdminRequest) {
  const upstreams = readNamed(body, 'upstream names and their servers');
  if (upstreams instanceof WrongShape) return refuse('bad body', upstreams.problems);
  const mutations = upstreams.map(([name, servers]): Mutation => ({ kind: 'put-upstream', name, servers }));
  const problems = await control.mutate(mutations);
  return problems.length > 0 ? refuse('bad upstream', problems) : OK;
}

async function remove({ control, body }: AdminRequest) {
  const names = readNames(body, 'upstream names');
  if (names instanceof WrongShape) return refuse('bad body', names.problems);
  const known = new Set(names.filter((name) => control.hasUpstream(name)));
  const problems = await control.mutate([...known].map((name): Mutation => ({ kind: 'delete-upstream', name })));
  if (problems.length > 0) return refuse('bad body', problems);
  // Defines own members, so that a name such as `__proto__` is answered like any other.
  const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
  return { status: 200 as const, body: answer };
}
