import { answerTo, DRY_RUN, termsOf } from './change.ts';
import { defineMethod, defineResource } from './resource.ts';

/**
 * Writes everything in memory to the store, 503 while the store cannot be reached.
 *
 *     PUT -> {"msg": "OK"}
 */
export const dump = defineResource({
  name: 'dump',
  methods: {
    PUT: defineMethod({
      takesBody: false,
      parameters: DRY_RUN,
      handle: async (request) => answerTo(request, await request.changes.dump(termsOf(request, 'PUT dump'))),
    }),
  },
});
