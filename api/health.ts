import { defineResource, OK } from './resource.ts';

/**
 * Whether this instance should get traffic: 200, or 503 with the reason. It is ready from its first table on, and a store that is
 * away later does not change that. Networks of `ELB_HEALTH_ALLOW` may call it, and nothing else, without a token.
 *
 *     GET -> {"msg": "OK"}
 */
export const health = defineResource({
  name: 'health',
  forProbes: true,
  methods: {
    GET: {
      takesBody: false,
      handle({ status }) {
        const { unready } = status;
        return unready === null ? OK : { status: 503, msg: unready };
      },
    },
  },
});
