/** What a process has learnt of a breaker's calls that the other processes do not know yet. Plain data. */
export interface BreakerNews {
  /** Name of the upstream that it stands before; of a breaker in a graph: `routeBreaker` of it. */
  readonly upstream: string;
  /** Calls made while the breaker was closed. */
  readonly good: number;
  readonly slow: number;
  readonly failed: number;
  /** The state it has come to by its own calls, and how long ago; null: none since. */
  readonly turned: { readonly state: number; readonly agoMs: number } | null;
}

/** A breaker that has its like in other processes. `now`: wheel time. */
export interface KnowingBreaker {
  /** What the others do not know yet, each thing once; null: nothing. */
  takeNews(now: number): BreakerNews | null;
  /** What another process has told. */
  learn(news: BreakerNews, now: number): void;
}

/** Where breakers of graphs hear of their like in the other workers of an instance. */
export interface BreakerTies {
  /** From here on this breaker hears what there is of this name. */
  join(name: string, breaker: KnowingBreaker): void;
  leave(name: string, breaker: KnowingBreaker): void;
  /** There is news of it. `urgent`: others are to know at once. */
  onBreakerNews(breaker: KnowingBreaker, urgent: boolean): void;
}

/** The name of a breaker in a graph, by what its nodes are known by: no upstream has one like it. */
export function routeBreaker(id: string): string {
  return `${ROUTE}${id}`;
}

export function isRouteBreaker(name: string): boolean {
  return name.startsWith(ROUTE);
}

const ROUTE = '/';
