/** Bounds of an exchange. Every one is an option (`config.ts`), all times in milliseconds, all sizes in bytes. */
export interface Limits {
  /** Head of a request or reply, start line to empty line. 431 or 502 above. */
  readonly maxHeadBytes: number;
  readonly maxFields: number;
  /** 413 above. */
  readonly maxBodyBytes: number;
  /** From a head's first byte, or the connection's start, to its end. 408. */
  readonly headMs: number;
  /** Longest silence inside a request's body. 408. */
  readonly bodyIdleMs: number;
  /** Longest time a client may leave its reply unread. */
  readonly sendMs: number;
  /**
   * How long a client that has ended its side may be left without a byte of its reply. A client that only half closes still
   * reads; one that has left looks the same until it is written to, and its request is ended after this time.
   */
  readonly halfCloseMs: number;
  /** 504. */
  readonly connectMs: number;
  /** Longest silence of a server that owes bytes. 504 before the reply, a cut connection inside it. */
  readonly readMs: number;
  /** Longest idleness of a client's connection between requests. */
  readonly keepAliveMs: number;
  /** Longest idleness of a server's connection between requests. */
  readonly serverKeepAliveMs: number;
  /** What bodies may hold in memory for another try, all requests of a worker together. */
  readonly maxReplayBytes: number;
  /** Longest silence of an upgraded connection, both ways. */
  readonly tunnelIdleMs: number;
  /** Most connections of clients in a worker; 0: as many as it has file descriptors for. 503 above. */
  readonly maxConnections: number;
  /** Most connections of one client in a worker, an IPv6 client being a /64; 0: unbounded. 429 above. */
  readonly maxClientConnections: number;
  /** Most streams at once in a client's session of HTTP/2. */
  readonly maxStreams: number;
  /** Longest wait of a request for its turn while a worker is overloaded. 503. */
  readonly maxWaitMs: number;
}

/**
 * The limits of each of an instance's workers. Numbers of connections are the instance's: each worker keeps its share, rounded up,
 * because clients come to the workers at random and no word between them is as quick as a client.
 */
export function limitsOfWorker(limits: Limits, workers: number): Limits {
  const { maxConnections, maxClientConnections } = limits;
  return {
    ...limits,
    maxConnections: Math.ceil(maxConnections / workers),
    maxClientConnections: Math.ceil(maxClientConnections / workers),
  };
}
