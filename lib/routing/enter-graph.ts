import { Fault } from '../core/faults.ts';
import type { DomainEntry } from './domain-table.ts';
import type { Plan } from './plan.ts';
import type { Node } from './rule.ts';

/**
 * The first node of another graph, where a walk goes on; null, with a fault in the plan, where there is none. `missing`: the fault if
 * there is no such graph at all.
 *
 * Graphs that lead back to each other are refused when they are put. While one of them is held back in a former version there could be a
 * circle all the same, so a walk goes on in a bounded number of graphs.
 */
export function enterGraph(plan: Plan, entry: DomainEntry | null, missing: number): Node | null {
  const graph = entry === null ? null : entry.graph;
  if (graph !== null && ++plan.jumps <= MAX_JUMPS) return graph.init;
  if (entry === null) plan.fault = missing;
  else plan.fault = graph === null ? entry.fault : Fault.BROKEN_GRAPH;
  return null;
}

const MAX_JUMPS = 64;
