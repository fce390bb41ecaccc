import { monotonicMs } from '../core/clock.ts';
import type { Caller } from '../core/caller.ts';
import type { SharedPlaces } from '../core/shared-places.ts';
import type { SharedRates } from '../core/shared-rates.ts';
import type { Log } from '../core/log.ts';
import type { Wheel } from '../core/wheel.ts';
import type { DomainTable } from '../routing/domain-table.ts';
import type { Means } from '../routing/means.ts';
import { isUsable } from '../upstream/usability.ts';
import type { Upstreams } from '../upstream/upstreams.ts';

export interface WorkerParts {
  readonly wheel: Wheel;
  readonly table: DomainTable;
  readonly graphs: DomainTable;
  readonly upstreams: Upstreams;
  readonly caller: Caller;
  readonly log: Log;
}

/** Where requests are counted together; unset or null: nowhere. */
export interface CountedTogether {
  readonly instanceRates?: SharedRates | null;
  readonly fleetRates?: SharedRates | null;
  readonly instancePlaces?: SharedPlaces | null;
}

/** What a worker's graphs get from its other parts. */
export function workerMeans(
  { wheel, table, graphs, upstreams, caller, log }: WorkerParts,
  { instanceRates = null, fleetRates = null, instancePlaces = null }: CountedTogether,
): Means {
  const warnedAt = new Map<string, number>();
  return {
    asked: null,
    isUsable: (upstream) => isUsable(upstreams, upstream, wheel.now),
    graph: (name) => graphs.spelled(name),
    domain: (name) => table.named(name),
    variable: (name) => process.env[VARIABLES + name] ?? null,
    rates: (scope) => (scope === 'instance' ? instanceRates : fleetRates),
    places: instancePlaces,
    breakers: upstreams,
    now: monotonicMs,
    coarseNow: () => wheel.now,
    caller,
    warn(msg, cause) {
      // Messages are constants of the rules, so there are few.
      if (wheel.now - (warnedAt.get(msg) ?? -Infinity) < WARN_MS) return;
      warnedAt.set(msg, wheel.now);
      log.warn({ err: cause }, msg);
    },
  };
}

/** The same is told once in this time. */
const WARN_MS = 10_000;

/** Graphs see no other variables: whoever may write a graph is not to read what else the environment holds. */
const VARIABLES = 'ELB_VAR_';
