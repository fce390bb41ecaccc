import type { ServerReport, UpstreamReport } from '../upstream/server-report.ts';
import type { SeenState } from './server-state.ts';

/** What one worker has told of one upstream in answer to one question. */
export class Told {
  readonly question: number;
  readonly report: UpstreamReport;
  readonly servers = new Map<string, ServerReport>();

  constructor(question: number, report: UpstreamReport) {
    this.question = question;
    this.report = report;
    this.add(report);
  }

  /** Further servers of the same upstream. */
  add({ servers }: UpstreamReport): void {
    for (const server of servers) this.servers.set(server.server, server);
  }
}

/** What all workers together say of a server. */
export interface Seen extends SeenState {
  readonly inFlight: number;
  readonly open: number;
  readonly idle: number;
  /** The most that one of them has counted. */
  readonly fails: number;
  /** A mean of theirs; null: nobody has seen a reply. */
  readonly replyMs: number | null;
  /** Some worker could give it a request: it is neither out nor full there. */
  readonly isOpenSomewhere: boolean;
}

/** Nobody says anything of it. */
const UNSEEN: Seen = {
  inFlight: 0,
  open: 0,
  idle: 0,
  fails: 0,
  outMs: 0,
  part: 1,
  warmMs: 0,
  replyMs: null,
  isOpenSomewhere: true,
};

/** `told`: what each worker has told of the server's upstream. Who says nothing of the server has not used it. */
export function seenOf(told: readonly Told[], server: string): Seen {
  if (!told.some(({ servers }) => servers.has(server))) return UNSEEN;
  const seen = { inFlight: 0, open: 0, idle: 0, fails: 0, outMs: 0, part: 1, warmMs: 0 };
  let timed = 0;
  let sumMs = 0;
  let closed = 0;
  for (const { servers } of told) {
    const report = servers.get(server);
    if (report === undefined) continue;
    seen.inFlight += report.inFlight;
    seen.open += report.open;
    seen.idle += report.idle;
    seen.fails = Math.max(seen.fails, report.fails);
    seen.outMs = Math.max(seen.outMs, report.outMs);
    seen.part = Math.min(seen.part, report.part);
    seen.warmMs = Math.max(seen.warmMs, report.warmMs);
    if (report.outMs > 0 || report.full) closed++;
    if (report.replyMs === -1) continue;
    timed++;
    sumMs += report.replyMs;
  }
  return {
    ...seen,
    replyMs: timed === 0 ? null : sumMs / timed,
    isOpenSomewhere: closed === 0 || closed < told.length,
  };
}
