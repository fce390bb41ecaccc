/**
 * What stands before a part of a graph, such as a breaker: lets requests through or not, and is told how they went. `now`: wheel time, in
 * milliseconds.
 */
export interface RouteGate {
  /** 0: the request may go on, and `record` and `free` follow; else the fault that answers it. */
  enter(now: number): number;
  /** What `enter` would answer, without letting anything through. */
  wouldRefuse(now: number): number;
  /** Of a request that has just been let through: what its record belongs to. */
  readonly generation: number;
  /** Its last status, and what it took in milliseconds. */
  record(generation: number, status: number, ms: number, now: number): void;
  /** The request is over. */
  free(): void;
  /** Seconds after which a request may be let through again; at least one. */
  retryAfterS(now: number): number;
}
