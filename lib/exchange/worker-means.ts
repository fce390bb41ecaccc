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
}

/** What a worker's graphs get from its other parts. */
export function workerMeans({ wheel, table, graphs, upstreams }: WorkerParts): Means {
  return {
    isUsable: (upstream) => isUsable(upstreams, upstream, wheel.now),
    graph: (name) => graphs.spelled(name),
    domain: (name) => table.named(name),
    variable: (name) => process.env[VARIABLES + name] ?? null,
    now: () => performance.now(),
  };
}

/** Graphs see no other variables: whoever may write a graph is not to read what else the environment holds. */
const VARIABLES = 'ELB_VAR_';
