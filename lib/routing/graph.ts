import { Fault } from '../core/faults.ts';
import type { Plan } from './plan.ts';
import type { Node, RoutedRequest } from './rule.ts';
import type { Holding } from './states.ts';

/** A domain's document after its check: nodes that know each other, without a cycle. */
export interface Graph {
  /** Where every walk begins. */
  readonly init: Node;
  /** Every way from node to node that may have been walked, and how often it was. */
  readonly edges: readonly Edge[];
  /** What its nodes keep; null where they keep nothing, or no request is walked through it. */
  readonly holding: Holding | null;
}

/** One edge of one node, as the step that leads to its target: nodes that share a target have an edge each. */
export class Edge implements Node {
  /** The node that it leaves, and what that one calls it; both empty for the step into the graph. */
  readonly from: string;
  readonly edge: string;
  /** How often it was walked since somebody set this to 0. */
  hits = 0;
  readonly target: Node;

  constructor(from: string, edge: string, target: Node) {
    this.from = from;
    this.edge = edge;
    this.target = target;
  }

  /** The target's name. */
  get name(): string {
    return this.target.name;
  }

  decide(request: RoutedRequest, plan: Plan): ReturnType<Node['decide']> {
    this.hits++;
    return this.target.decide(request, plan);
  }
}

/** Stands behind every edge that a document leaves out: answers 403. */
export const missingEdge: Node = {
  name: '',
  decide(_request, plan) {
    plan.fault = Fault.FORBIDDEN;
    return null;
  },
};
