import type { RequestFilter } from '../lib/core/kept-request.ts';
import { integer, oneOf, Refusal, text, type OptionKind } from '../lib/core/option-kinds.ts';
import { flag, optional, usually } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

const statuses: OptionKind<NonNullable<RequestFilter['status']>> = {
  placeholder: '404, 4xx or 400-499',
  list: false,
  parse(value) {
    const [, whole, hundreds, from, to] = /^(?:(\d{1,3})|(\d)xx|(\d{1,3})-(\d{1,3}))$/.exec(value) ?? [];
    if (whole !== undefined) return { from: Number(whole), to: Number(whole) };
    if (hundreds !== undefined) return { from: Number(hundreds) * 100, to: Number(hundreds) * 100 + 99 };
    if (from !== undefined && to !== undefined) return { from: Number(from), to: Number(to) };
    return new Refusal('a status such as 404, 4xx or 400-499');
  },
};

const parameters = {
  domain: optional(text, 'name of the domain; empty: of hosts that no domain has'),
  status: optional(statuses, 'status that the client was sent'),
  id: optional(text, 'identity of the request (`X-Request-Id`)'),
  path: optional(text, 'what the target begins with'),
  client: optional(text, 'address of the client'),
  upstream: optional(text, 'name of the upstream'),
  server: optional(text, 'address of a server that was tried'),
  node: optional(text, 'name of a node that was walked'),
  min_ms: optional(integer(0, 86_400_000), 'least duration in milliseconds'),
  errors: flag('only those that ended badly'),
  order: usually(oneOf(['newest', 'slowest']), 'newest', '`slowest`: those of the last quarter of an hour'),
  limit: usually(integer(1, 10_000), '100', 'most of them'),
};

/**
 * The last requests of all workers, the newest first, each with the nodes that it walked and the edges it took, the servers that were
 * tried with their times, and how it ended. Each worker remembers the last ones (`ELB_RECENT_REQUESTS`), one of several where there are
 * more than a hundred a second; those that ended badly have room of their own and are remembered longer.
 *
 *     GET ?domain=a.test&status=5xx -> {"requests": [{"at": "...", "target": "/x", "nodes": [{"node": "r1", "verdict": "succ"}, ...],
 *                                       "tries": [{"server": "10.0.0.1:80", "ms": 3.1, "outcome": "502"}], ...}], "kept": {...}}
 */
export const requests = defineResource({
  name: 'requests',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters,
      async handle({ query: { min_ms: minMs, order, ...filter }, workers }) {
        const slowest = order === 'slowest';
        const answers = await workers.query({ kind: 'requests', filter: { ...filter, minMs, slowest } }, 'all');
        const found = answers.flatMap(({ requests: some }) => some);
        const sorted = found.toSorted((a, b) => (slowest ? b.duration_ms - a.duration_ms : b.at - a.at));
        const told = sorted.slice(0, filter.limit).map((one) => ({ ...one, at: new Date(one.at).toISOString() }));
        const perWorker = Math.max(0, ...answers.map((answer) => answer.perWorker));
        const kept = { per_worker: perWorker, errors_per_worker: perWorker, workers: answers.length };
        return { status: 200, body: { requests: told, kept } };
      },
    }),
  },
});
