import type { Plan } from './plan.ts';
import type { RouteGate } from './route-gate.ts';
import type { Node } from './rule.ts';

/** What leads a request to another way, and where that begins. Belongs to the graph. */
export interface FallbackTerms {
  /** Codes of `Fault`. */
  readonly faults: ReadonlySet<number>;
  /** Of replies. */
  readonly statuses: ReadonlySet<number>;
  /** Whether a request that is not idempotent may be sent once more. */
  readonly nonIdempotent: boolean;
  readonly to: Node;
}

/** Another way for one request, and what was planned when it was found. */
export interface Fallback {
  readonly terms: FallbackTerms;
  readonly plan: Plan;
  /** What stood before the way then. */
  readonly gate: RouteGate | null;
  /** The way around this one: for what this one does not cover, or once it is taken. */
  readonly outer: Fallback | null;
}

/** The innermost way for a fault, or for a reply's status; the other of both is 0. Null: there is none. */
export function fallbackFor(innermost: Fallback | null, fault: number, status: number): Fallback | null {
  for (let one = innermost; one !== null; one = one.outer) {
    const { faults, statuses } = one.terms;
    if (fault === 0 ? statuses.has(status) : faults.has(fault)) return one;
  }
  return null;
}

/** A node as a walk begins with it: the one that was walked before has not led there, as whoever reads the trace has to know. */
export function beginAt(node: Node): Node {
  return { name: node.name, decide: (request, plan) => node.decide(request, plan) };
}
