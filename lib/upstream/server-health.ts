import type { BreakerNews } from '../core/breaker-news.ts';

/** Why a server takes no requests although its document lists it; bits of one number, 0 for none. */
export const Barred = {
  /** Its checks fail. */
  CHECKS: 1,
  /** It was put out for what its replies were like. */
  EJECTED: 2,
  /** It is to begin down, and its checks have not passed yet. */
  UNCHECKED: 4,
} as const;

/** What the primary tells every worker of one server. */
export interface HealthChange {
  readonly upstream: string;
  /** `serverKey` of its spec. */
  readonly server: string;
  /** Sum of `Barred`. */
  readonly barred: number;
}

/** What a worker has seen of one server since it last told the primary. */
export interface Sighting {
  readonly upstream: string;
  readonly server: string;
  readonly good: number;
  readonly failed: number;
  /** Failures after the last good one. */
  readonly trailing: number;
  /** Sum over the good ones, until the head of the reply. */
  readonly latencyMs: number;
  /** Whether the worker has put the server out already and wants to know if that stands. */
  readonly barred: boolean;
  /** Whether the server works again after it was out for its failures, and starts slowly there. */
  readonly started: boolean;
}

/** What a worker tells the primary from time to time. */
export interface WorkerSightings {
  readonly servers: readonly Sighting[];
  readonly breakers: readonly BreakerNews[];
}

/** Failures of a server that another worker has seen: they count for `max_fails` as if they were seen here. */
export interface FailureNews {
  readonly upstream: string;
  readonly server: string;
  readonly failed: number;
}

/** A server that starts slowly, and for how long it has done so. */
export interface ServerStart {
  readonly upstream: string;
  readonly server: string;
  readonly agoMs: number;
}

/** What the primary tells the workers: what it has decided, and what the others have seen. */
export interface HealthNews {
  readonly barred: readonly HealthChange[];
  /** For a worker that knows only the table: all that start slowly. The others have seen them come. */
  readonly starting?: readonly ServerStart[];
  readonly failures: readonly FailureNews[];
  readonly breakers: readonly BreakerNews[];
}
