/** Where a copy of requests goes. Belongs to the graph. */
export interface MirrorTerms {
  /** As in `Plan.upstream`. */
  readonly upstream: string;
  /** Largest body of a request that is copied. */
  readonly maxBodyBytes: number;
}

/** The copies of one request. */
export interface Mirrors {
  readonly terms: MirrorTerms;
  readonly before: Mirrors | null;
}
