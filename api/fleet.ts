import { defineResource } from './resource.ts';

/**
 * The instances that follow the same store, each as it says of itself, and which of them lag: they serve an older state of the
 * store than another one does. With a file store that is this one alone.
 *
 *     GET -> {"instances": [{"id": "lb1-...", "self": true, "revision": 42, "hash": "h...", "rejected": 0, "ready": true, "lags": false, ...}]}
 */
export const fleet = defineResource({
  name: 'fleet',
  methods: {
    GET: {
      takesBody: false,
      handle: async (request) => ({ status: 200, body: { instances: await request.fleet.members() } }),
    },
  },
});
