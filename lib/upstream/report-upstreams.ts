import type { Breaker } from './breaker.ts';
import { serverKey } from './server-spec.ts';
import type { BreakerReport, ServerReport, UpstreamReport } from './server-report.ts';
import type { Server } from './server.ts';
import { SlowStart } from './slow-start.ts';
import type { Upstream } from './upstream.ts';

/**
 * Tells of upstreams and their servers what there is to tell, a bounded number of servers at a time, so that who sends it can do
 * other things in between. What is counted is counted anew from then on. `now`: wheel time, asked for at each step.
 */
export function* reportUpstreams(
  upstreams: Iterable<readonly [upstream: Upstream, isDirect: boolean]>,
  now: () => number,
): Generator<readonly UpstreamReport[], void> {
  let piece: UpstreamReport[] = [];
  let size = 0;
  for (const [upstream, isDirect] of upstreams) {
    const { servers } = upstream;
    for (let from = 0; from === 0 || from < servers.length; from += MOST_SERVERS) {
      const report = reportOf(upstream, servers.slice(from, from + MOST_SERVERS), isDirect, now());
      if (isSilent(report)) continue;
      piece.push(report);
      size += 1 + report.servers.length;
      if (size < MOST_SERVERS) continue;
      yield piece;
      piece = [];
      size = 0;
    }
  }
  yield piece;
}

/** Servers in a piece: a millisecond's work. */
const MOST_SERVERS = 500;

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
  const { retries, hedges, budgetExhausted, refusedFull, refusedOpen } = counters;
  const counted = retries + hedges + budgetExhausted + refusedFull + refusedOpen;
  return breaker === null && servers.length === 0 && counted + waiting === 0;
}
