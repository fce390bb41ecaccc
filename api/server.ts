import { text } from '../lib/core/option-kinds.ts';
import type { UpstreamWork } from '../lib/core/upstream-work.ts';
import { optional } from './parameters.ts';
import { defineMethod, defineResource } from './resource.ts';

const parameters = { upstream: optional(text, 'only the upstream of this name; 404 if there is none') };

/**
 * Upstreams and their servers at work, put together over all workers: whether each server is used and why not, what is under way
 * there, and what has come of it since the instance began. Servers that graphs name directly are there once they were used.
 *
 * `state` is `up`, `down` (its document or its checks say so), `ejected` (an outlier, or `max_fails`; `until` when), `draining`
 * (`drain`, or weight 0) or `slow-start`; `reason` says why. `used` is whether new requests may go there now: while `fail_open`
 * servers that are down are used as well, and one at its `max_conns` is up and not used. `backup`, `priority`, `tags` and
 * `max_conns` only when set. `requests`, `failures`, `ejections`, `made`, `retries`, `hedges`, `budget_exhausted`, `refused` and
 * `opened` (of the breaker) are counters.
 *
 *     GET ?upstream=api -> {"api": {"fail_open": false, "in_flight": 3, "waiting": 0,
 *                                   "retries": 12, "hedges": 0, "budget_exhausted": 0, "refused": {"full": 0, "open": 0},
 *                                   "breaker": {"state": "closed", "since": null}, "opened": 0, "servers": [
 *       {"upstream": "api", "name": "web.internal:8080", "addr": "10.0.0.1:8080", "weight": 1,
 *        "state": "down", "reason": "status 500", "since": "2026-11-26T10:00:00.000Z", "until": null, "used": false,
 *        "in_flight": 3, "fails": 0, "latency_ms": 12.3, "connections": {"open": 7, "idle": 4, "made": 120},
 *        "requests": 1234, "failures": 2, "ejections": 1}]}}
 */
export const server = defineResource({
  name: 'server',
  methods: {
    GET: defineMethod({
      takesBody: false,
      parameters,
      async handle({ servers, query: { upstream } }) {
        const works = await servers.read(upstream);
        if (upstream === null) return { status: 200, page: { type: 'application/json', parts: jsonOf(works) } };
        const [found] = works;
        if (found === undefined) return { status: 404, msg: `there is no upstream ${upstream}` };
        return { status: 200, page: { type: 'application/json', parts: jsonOf([found]) } };
      },
    }),
  },
});

/** One upstream at a time: they may be many. */
function* jsonOf(works: Iterable<readonly [string, UpstreamWork]>): Generator<string> {
  let before = '{';
  for (const [name, work] of works) {
    yield `${before}${JSON.stringify(name)}:${JSON.stringify(work)}`;
    before = ',';
  }
  yield before === '{' ? '{}\n' : '}\n';
}
