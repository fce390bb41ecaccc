import type { SampledRequest } from './recent-requests.ts';
import type { ServerDelta } from './server-tally.ts';
import type { TracedRequest } from './traced-request.ts';
import type { Usage } from './process-usage.ts';
import type { DomainDelta, TallyDelta } from './tally.ts';

/** What a worker tells the primary of itself when asked: counts since it was asked last, states as they are. Plain data. */
export interface WorkerReport {
  /** Null where requests are not counted. */
  readonly tally: TallyDelta | null;
  /** Requests that were to be told as traces and found no room. */
  readonly droppedTraces: number;
  /** Connections of clients that are open, and those that were accepted since. */
  readonly clients: number;
  readonly newClients: number;
  /** Times that statsd was not told. */
  readonly lostTimes: number;
  /** Lines of the access log that found no room. */
  readonly droppedLines: number;
  /** How greetings have ended since. */
  readonly greetings: Readonly<Record<string, number>>;
  readonly usage: Usage;
  readonly load: LoadReport;
}

/** What there may be much of in a report; it follows piece by piece. */
export interface ReportPiece {
  readonly domains: readonly DomainDelta[];
  /** Servers that were used. */
  readonly servers: readonly ServerDelta[];
  /** Some of the requests. */
  readonly samples: readonly SampledRequest[];
  /** Requests that are to be told as traces. */
  readonly traces: readonly TracedRequest[];
}

/** How a worker bears what is asked of it (docs/reliability.md). */
export interface LoadReport {
  /** It has more to do than it can. */
  readonly overloaded: boolean;
  /** Memory runs out: nobody is let in, and new requests are shed. */
  readonly shortOfMemory: boolean;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Requests that waited in vain and were answered 503 since the last report. */
  readonly shed: number;
  /** Mean lateness of its event loop of late, and the worst of the last half to whole minute, in milliseconds. */
  readonly delayMs: number;
  readonly worstMs: number;
}
