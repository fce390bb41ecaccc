import { text } from '../lib/core/option-kinds.ts';
import { answerTo, DRY_RUN, termsOf } from './change.ts';
import { optional } from './parameters.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';

const parameters = {
  ...DRY_RUN,
  to: optional(text, 'transaction that is the last to stay'),
  before: optional(text, 'transaction that is the first to be undone'),
};

/**
 * Undoes transactions of the history: every key that they wrote gets back what it held, in the store and in memory. That is a
 * transaction, too, and can be undone.
 *
 *     PUT ?before=ID -> {"msg": "OK", "revision": 43}
 */
export const rollback = defineResource({
  name: 'rollback',
  methods: {
    PUT: defineMethod({
      takesBody: false,
      parameters,
      async handle(request) {
        const { to, before } = request.query;
        const id = to ?? before;
        if (id === null || (to !== null && before !== null)) {
          return refuse('bad parameters', [{ at: '?to', msg: 'one of to and before must be given' }]);
        }
        const outcome = await request.changes.rollback(id, before !== null, termsOf(request, 'PUT rollback'));
        if (outcome === null) return { status: 404, msg: `the history cannot tell what was there at ${id}` };
        const { revision } = { revision: null, ...outcome };
        return answerTo(request, outcome, { msg: 'OK', revision });
      },
    }),
  },
});
