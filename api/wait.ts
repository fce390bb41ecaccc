import { duration, integer } from '../lib/core/option-kinds.ts';
import { flag, required, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

const parameters = {
  revision: required(integer(0, Number.MAX_SAFE_INTEGER), 'revision of the store that is to be served'),
  // Workers give up on an answer that takes longer than `ELB_READ_TIMEOUT`, 30 s.
  timeout: usually(duration(0, 25_000), '10s', 'longest time to wait'),
  fleet: flag('wait for every instance that follows the store'),
};

/**
 * Answers once every worker of this instance, or of all, serves a revision of the store, or a later one: 408 when it does not in
 * time, 503 when it does not and the store cannot be followed, both with the revision that is served.
 *
 *     PUT ?revision=42&timeout=5s         -> {"msg": "OK", "revision": 42}
 *     PUT ?revision=42&timeout=5s&fleet=1 -> 408 {"msg": "...", "revision": 42, "late": ["lb2-..."]}
 */
export const wait = defineResource({
  name: 'wait',
  methods: {
    PUT: defineMethod({
      takesBody: false,
      parameters,
      async handle({ control, fleet, query }) {
        const late = query.fleet
          ? await fleet.until(query.revision, query.timeout)
          : (await control.served(query.revision, query.timeout))
            ? []
            : [HERE];
        const { revision, trouble } = control;
        if (late.length === 0) return { status: 200, body: { msg: 'OK', revision } };
        const msg = `revision ${query.revision} is not served by ${late.join(', ')}`;
        const more = { revision, ...(query.fleet && { late }) };
        if (trouble === null) return { status: 408, msg, more };
        return { status: 503, msg: `${msg}: ${trouble}`, more };
      },
    }),
  },
});

const HERE = 'this instance';
