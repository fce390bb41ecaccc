import { defineResource } from './resource.ts';

/**
 * What this instance knows of itself, in sections: which revision of the store it serves and where that came from, what it
 * refused, what is changed here and not dumped, its workers, and whatever other parts of the program have to say.
 * Its entity tag is that of everything in memory, for a dump with `If-Match`.
 *
 *     GET -> {"instance": {"ready": true, ...}, "store": {"applied": 42, "seen": 42, "lag": 0, ...}, "rejected": [], ...}
 */
export const status = defineResource({
  name: 'status',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ status: board, changes }) => ({ status: 200, body: board.read(), tag: changes.tag(null) }),
    },
  },
});
