import type { Mutation } from '../lib/control.ts';
import { CHANGE, change } from './change.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';
import { readNamed, readNames, WrongShape } from './shape.ts';

/**
 * Certificates with their keys, each under a name of its own; which hosts one is for, it says itself. Keys are never told.
 *
 *     GET                                              -> {"shop": {"names": ["shop.test"], "key_type": "ec", "not_after": "...", "source": "store", ...}}
 *     PUT    {"shop": {"certificate": "-----BEGIN ...", "key": "-----BEGIN ..."}} -> {"msg": "OK"}; replaces the certificate shop
 *     DELETE ["shop", "nope"]                          -> {"shop": true, "nope": 404}
 *     POST                                             -> {"msg": "OK", "sealed": ["shop"]}; seals keys with the newest secret
 */
export const cert = defineResource({
  name: 'cert',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ certificates, changes }) => ({
        status: 200,
        body: certificates.list(),
        tag: changes.tag('certificate'),
      }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const documents = readNamed(request.body, 'names and certificates');
        if (documents instanceof WrongShape) return refuse('bad body', documents.problems);
        const mutations = documents.map(([name, document]): Mutation => ({ kind: 'put-certificate', name, document }));
        return change(request, 'PUT cert', 'certificate', mutations);
      },
    }),
    POST: defineMethod({
      takesBody: false,
      parameters: CHANGE,
      handle(request) {
        const mutations = request.certificates.toSeal();
        const sealed = mutations.map(({ name }) => name);
        return change(request, 'POST cert', 'certificate', mutations, { msg: 'OK', sealed });
      },
    }),
    DELETE: defineMethod({
      takesBody: true,
      parameters: CHANGE,
      handle(request) {
        const names = readNames(request.body, 'names of certificates');
        if (names instanceof WrongShape) return refuse('bad body', names.problems);
        const known = new Set(names.filter((name) => request.certificates.has(name)));
        // Defines own members, so that a name such as `__proto__` is answered like any other.
        const answer = Object.fromEntries(names.map((name) => [name, known.has(name) ? true : 404]));
        const mutations = [...known].map((name): Mutation => ({ kind: 'delete-certificate', name }));
        return change(request, 'DELETE cert', 'certificate', mutations, answer);
      },
    }),
  },
});
