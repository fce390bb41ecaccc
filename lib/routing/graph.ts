import { Fault } from '../core/faults.ts';
import type { Node } from './rule.ts';

/** A domain's document after its check: nodes that know each other, without a cycle. Never changes. */
export interface Graph {
  /** Where every walk begins. */
  readonly init: Node;
}

/** Stands behind every edge that a document leaves out: answers 403. */
export const missingEdge: Node = {
  name: '',
  decide(_request, plan) {
    plan.fault = Fault.FORBIDDEN;
    return null;
  },
};
