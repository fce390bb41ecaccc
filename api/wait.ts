import { duration, integer } from '../lib/core/option-kinds.ts';
import { required, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

const parameters = {
  revision: required(integer(0, Number.MAX_SAFE_INTEGER), 'revision of the store that is to be served'),
  timeout: usually(duration(0, 600_000), '10s', 'longest time to wait'),
};

/**
 * Answers once every worker of this instance serves a revision of the store, or a later one: 408 when it does not in time, 503
 * when it does not and the store cannot be followed, both with the revision that is served.
 *
 *     PUT ?revision=42&timeout=5s -> {"msg": "OK", "revision": 42}
 */
export const wait = defineResource({
  name: 'wait',
  methods: {
    PUT: defineMethod({
      takesBody: false,
      parameters,
      async handle({ control, query }) {
        const isServed = await control.served(query.revision, query.timeout);
        const { revision, trouble } = control;
        if (isServed) return { status: 200, body: { msg: 'OK', revision } };
        const msg = `revision ${query.revision} is not served; ${revision < 0 ? 'none' : `revision ${revision}`} is`;
        if (trouble === null) return { status: 408, msg, more: { revision } };
        return { status: 503, msg: `${msg}: ${trouble}`, more: { revision } };
      },
    }),
  },
});
