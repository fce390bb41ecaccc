import type { Breaker } from './breaker.ts';
import { serverKey } from './server-spec.ts';
import type { BreakerReport, ServerReport, UpstreamReport } from './server-report.ts';
import type { Server } from './server.ts';
import { SlowStart } from './slow-start.ts';
import type { Upstream } from './upstream.ts';

/**
 * Tells of upstreams and their servers what there is to tell. Each step looks at a bounded number of them, so that requests go on in
 * between; where those had nothing to tell, it answers nothing. What is counted is counted anew from then on. `now`: wheel time,
 * asked for at each step.
 */
export function* reportUpstreams(
  upstreams: Iterable<readonly [upstream: Upstream, isDirect: boolean]>,
  now: () => number,
): Generator<readonly UpstreamReport[], void> {
  let piece: UpstreamReport[] = [];
  let seen = 0;
  for (const [upstream, isDirect] of upstreams) {
    const { servers } = upstream;
    for (let from = 0; from === 0 || from < servers.length; from += MOST_SERVERS) {
      const to = Math.min(servers.length, from + MOST_SERVERS);
      const report = isResting(upstream, from, to)
        ? null
        : reportOf(upstream, servers.slice(from, to), isDirect, now());
      if (report !== null && !isSilent(report)) piece.push(report);
      seen += 1 + to - from + TOLD_COSTS * (report?.servers.length ?? 0);
      if (seen < MOST_SEEN) continue;
      yield piece;
      piece = [];
      seen = 0;
    }
  }
  yield piece;
}

/** A step is a tenth of a millisecond's work: to look at so many upstreams and servers; to tell of one costs as much as to look at some. */
const MOST_SEEN = 400;
const TOLD_COSTS = 8;
/** Servers of one upstream in a step. */
const MOST_SERVERS = 100;

/** Nothing of it, nor of those of its servers, can be other than it was: most of many, so that to see it makes no garbage. */
function isResting({ guard, options, queue, counters, cache, servers }: Upstream, from: number, to: number): boolean {
  const { retries, hedges, budgetExhausted, refusedFull, refusedOpen } = counters;
  if (retries + hedges + budgetExhausted + refusedFull + refusedOpen + queue.size > 0) return false;
  if ((guard !== null && guard.breaker !== null) || cache !== null || options.balance.slowStartMs > 0) return false;
  for (let i = from; i < to; i++) if (servers[i]?.isUntouched === false) return false;
  return true;
}

function reportOf(upstream: Upstream, servers: readonly Server[], isDirect: boolean, now: number): UpstreamReport {
  const breaker = upstream.guard?.breaker ?? null;
  const { slowStartMs } = upstream.options.balance;
  const slowStart = slowStartMs === 0 ? null : new SlowStart(upstream.options.balance);
  const reports: ServerReport[] = [];
  for (const server of servers) {
    if (server.isUntouched && slowStart === null) continue;
    const agoMs = now - server.startedAt;
    const part = slowStart?.part(agoMs) ?? 1;
    if (server.isUntouched && part === 1) continue;
    const { inFlight, open, idle, fails, replyMs, spec } = server;
    reports.push({
      server: serverKey(spec),
      ...server.takeCounters(),
      inFlight,
      open,
      idle,
      fails,
      outMs: server.outMs,
      full: spec.maxConns > 0 && inFlight >= spec.maxConns,
      replyMs,
      part,
      warmMs: part === 1 ? 0 : slowStartMs - agoMs,
    });
  }
  return {
    upstream: upstream.name,
    direct: isDirect ? (servers[0]?.address ?? '') : null,
    ...upstream.takeCounters(),
    waiting: upstream.queue.size,
    breaker: breaker === null ? null : breakerOf(breaker, now),
    servers: reports,
  };
}

function breakerOf({ state, since }: Breaker, now: number): BreakerReport {
  return { state, agoMs: now - since };
}

/** Nothing of it is other than it was. */
function isSilent({ servers, breaker, waiting, ...counters }: UpstreamReport): boolean {
  const { retries, hedges, budgetExhausted, refusedFull, refusedOpen, compressed, compressedTo } = counters;
  const { cacheHits, cacheMisses, cacheBypasses, cacheRevalidations, cacheBytes } = counters;
  const counted = retries + hedges + budgetExhausted + refusedFull + refusedOpen + compressed + compressedTo;
  const cached = cacheHits + cacheMisses + cacheBypasses + cacheRevalidations + cacheBytes;
  return breaker === null && servers.length === 0 && counted + cached + waiting === 0;
}
