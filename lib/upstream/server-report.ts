import type { CompressedCounts } from './compressed.ts';
import type { CacheCounts } from './reply-cache.ts';

/** What a worker tells of one server: counts since it told last, states as they are. Plain data. */
export interface ServerReport {
  /** `serverKey` of its spec. */
  readonly server: string;
  /** Requests that were given to it, those of them that it failed, and connections that were begun. */
  readonly tries: number;
  readonly failures: number;
  readonly made: number;
  /** How often its failures here have put it out (`max_fails`). */
  readonly outs: number;
  readonly inFlight: number;
  /** Connections, and those of them that nobody uses. */
  readonly open: number;
  readonly idle: number;
  /** Failures since it last worked. */
  readonly fails: number;
  /** For how long it is left alone for them yet, in milliseconds; 0: it is not. */
  readonly outMs: number;
  /** It has as many requests as it may. */
  readonly full: boolean;
  /** What the head of a reply takes, of late; -1: none was seen. */
  readonly replyMs: number;
  /** The part of its share that it has come to in its slow start, and until when that lasts; 1 and 0 without. */
  readonly part: number;
  readonly warmMs: number;
}

/** What a worker tells of an upstream: counts since it told last, states as they are. Plain data. */
export interface UpstreamReport extends CompressedCounts, CacheCounts {
  readonly upstream: string;
  /** Address of its only server where a graph has named that directly; null: it stands in the table. */
  readonly direct: string | null;
  readonly retries: number;
  readonly hedges: number;
  readonly budgetExhausted: number;
  /** Requests that were not let through: too many were there, or the breaker was open. */
  readonly refusedFull: number;
  readonly refusedOpen: number;
  /** Requests that wait for a place at a server. */
  readonly waiting: number;
  /** Null: there is none. */
  readonly breaker: BreakerReport | null;
  /** Those of which there is something to tell. A large upstream comes in several reports. */
  readonly servers: readonly ServerReport[];
}

/** A `BreakerState`, and for how long it is in it. */
export interface BreakerReport {
  readonly state: number;
  readonly agoMs: number;
}

/** A part of what a worker has to tell of its servers. What is not in any part is as it was at the beginning. */
export interface ServersPiece {
  readonly question: number;
  /** What was asked for; null: all. */
  readonly asked: string | null;
  readonly more: boolean;
  readonly upstreams: readonly UpstreamReport[];
}
