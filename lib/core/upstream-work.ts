/** An upstream at work, of all workers together. Counters are since the instance began. */
export interface UpstreamWork {
  /** Too few servers could be used, so that nobody's health counts. */
  readonly fail_open: boolean;
  readonly in_flight: number;
  /** Requests that wait for a place at a server. */
  readonly waiting: number;
  readonly retries: number;
  readonly hedges: number;
  readonly budget_exhausted: number;
  /** Requests that were answered 503: too many were there, or the breaker was open. */
  readonly refused: { readonly full: number; readonly open: number };
  /** Replies that were compressed, and the bytes of their bodies. */
  readonly compressed: { readonly replies: number; readonly bytes_in: number; readonly bytes_out: number };
  /** Requests that were answered from memory, in vain looked up there, or not looked up; and bytes that are kept there. */
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly bypasses: number;
    /** Of stale replies that a server said to hold still. */
    readonly revalidations: number;
    readonly bytes: number;
  };
  readonly breaker: { readonly state: BreakerName; readonly since: string | null } | null;
  /** How often the breaker has opened. */
  readonly opened: number;
  readonly servers: readonly ServerWork[];
}

export type BreakerName = 'closed' | 'open' | 'half-open';

/** A server at work, of all workers together. Times are RFC 3339. */
export interface ServerWork {
  readonly upstream: string;
  readonly name: string;
  readonly addr: string;
  readonly weight: number;
  readonly backup?: true;
  readonly priority?: number;
  readonly tags?: readonly string[];
  readonly max_conns?: number;
  readonly state: 'up' | 'down' | 'ejected' | 'draining' | 'slow-start';
  /** Why it is in that state, in a few words. */
  readonly reason: string;
  readonly since: string | null;
  readonly until: string | null;
  /** Whether new requests may be given to it now. */
  readonly used: boolean;
  readonly in_flight: number;
  /** Since it last worked, as the worker sees it that has seen most. */
  readonly fails: number;
  /** Until the head of its reply, a mean of late; null: none was seen. */
  readonly latency_ms: number | null;
  readonly connections: { readonly open: number; readonly idle: number; readonly made: number };
  readonly requests: number;
  readonly failures: number;
  /** How often it was put out: by checks, as an outlier, for `max_fails`. */
  readonly ejections: number;
}
