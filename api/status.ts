import { integer } from '../lib/core/option-kinds.ts';
import { optional } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

/**
 * What this instance knows of itself, in sections: which revision of the store it serves and where that came from, what it
 * refused, what is changed here and not dumped, its workers, and whatever other parts of the program have to say. With `limit`,
 * `cut` tells how long the lists are of which rows were left out.
 * Its entity tag is that of everything in memory, for a dump with `If-Match`.
 *
 *     GET -> {"instance": {"ready": true, ...}, "store": {"applied": 42, "seen": 42, "lag": 0, ...}, "rejected": [], ...}
 */
export const status = defineResource({
  name: 'status',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters: { limit: optional(integer(0, 1_000_000), 'most rows of each section that is a list') },
      handle({ status: board, changes, query: { limit } }) {
        const sections = board.read();
        const body = limit === null ? sections : cut(sections, limit);
        return { status: 200, body, tag: changes.tag(null) };
      },
    }),
  },
});

function cut(sections: Readonly<Record<string, unknown>>, limit: number): Readonly<Record<string, unknown>> {
  const lengths: Record<string, number> = {};
  const shown = Object.entries(sections).map(([name, section]) => {
    if (!Array.isArray(section) || section.length <= limit) return [name, section];
    lengths[name] = section.length;
    return [name, section.slice(0, limit)];
  });
  return { ...Object.fromEntries(shown), cut: lengths };
}
