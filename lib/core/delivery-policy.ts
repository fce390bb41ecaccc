/** What of a try may be mended by another one; a bit each. */
export const RetryOn = {
  /** No connection was made: refused, unreachable, not in time, its certificate not trusted. */
  CONNECT: 1,
  /** The connection was closed or reset before the head of the reply was whole. */
  CLOSED: 2,
  /** The reply did not begin in time. */
  TIMEOUT: 4,
  /** What came is not a reply, or one that could be read two ways. */
  INVALID: 8,
} as const;

/**
 * How a request is given to the servers of an upstream: one flat record, made when options change, read by every request.
 * Times in milliseconds, sizes in bytes; 0 is "none" where a field says so.
 */
export interface DeliveryPolicy {
  /** Until a connection can be written to, its TLS handshake done. */
  readonly connectMs: number;
  /** A dial that takes longer is raced by one to another server; 0: never. */
  readonly raceMs: number;
  /** How long a server may leave a part of the request untaken. */
  readonly sendMs: number;
  /** From the request's last byte to the reply's first one. */
  readonly firstByteMs: number;
  /** How long a server may say nothing to anybody, while several requests wait there, before others are asked, too; 0: for ever. */
  readonly silenceMs: number;
  /** Longest silence of a server inside its reply. */
  readonly readMs: number;
  /** From the request's head to the reply's last byte, all tries together; 0: unbounded. */
  readonly requestMs: number;
  readonly tunnelIdleMs: number;

  /** Most servers that one request is given to, in all. */
  readonly tries: number;
  /** Bits of `RetryOn`. */
  readonly retryOn: number;
  /** Statuses of replies that another server may mend. */
  readonly statuses: ReadonlySet<number>;
  /** Whether methods that are not idempotent may be sent again as well. */
  readonly nonIdempotent: boolean;
  /** Whether a server may be tried again when no other is left. */
  readonly sameServer: boolean;
  /** From the choice of a server, or from the end of the request's body, to the head of its reply; 0: unbounded. */
  readonly tryMs: number;
  /** Longest wait before the second try; doubles with each further one up to `maxBackoffMs`. 0: none. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Most of a request's body that is kept so that it can be sent again. */
  readonly replayBytes: number;
  /** A reply that takes longer to begin is asked of a second server, too; 0: never. */
  readonly hedgeMs: number;
  /** Longest idleness of a kept connection that a request which cannot be sent twice is given to; below 0: always a new one. */
  readonly unsafeReuseMs: number;
}
