import type { BreakerTies } from '../core/breaker-news.ts';
import { NO_CALLS, type Caller } from '../core/caller.ts';
import type { SharedPlaces } from '../core/shared-places.ts';
import type { SharedRates } from '../core/shared-rates.ts';
import type { DomainEntry } from './domain-table.ts';

/** What a worker gives the nodes of its graphs. */
export interface Means {
  /** Whether an upstream exists and has a server that may be used at this moment. */
  isUsable(upstream: string): boolean;
  /** A shared graph in force; null if there is none of that name. */
  graph(name: string): DomainEntry | null;
  /** A domain in force, by its own name; null if there is none. */
  domain(name: string): DomainEntry | null;
  /** A variable of the environment that graphs may know; null if it is not set. */
  variable(name: string): string | null;
  /** Names of what may have been asked before, for a graph that is checked; null: any. */
  readonly asked: ReadonlySet<string> | null;
  /** Where processes count requests together; null where they do not. */
  rates(scope: 'instance' | 'fleet'): SharedRates | null;
  /** Where the workers of an instance count requests under way together; null where they do not. */
  readonly places: SharedPlaces | null;
  /** Where breakers hear of their like in the other workers; null where there are none. */
  readonly breakers: BreakerTies | null;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** The same as it was a moment ago, a tick of 50 ms usually: it costs next to nothing. */
  coarseNow(): number;
  /** Calls other programs. */
  readonly caller: Caller;
  /** Tells the operator of something that keeps nodes from their work; what is told too often is told once in a while. */
  warn(msg: string, cause: unknown): void;
}

/** For graphs that no request is walked through: those which are compiled to be checked. */
export const IDLE_MEANS: Means = {
  isUsable: () => false,
  graph: () => null,
  domain: () => null,
  variable: () => null,
  asked: null,
  rates: () => null,
  places: null,
  breakers: null,
  now: () => 0,
  coarseNow: () => 0,
  caller: NO_CALLS,
  warn: () => undefined,
};
