import type { Graph } from './graph.ts';
import type { Plan } from './plan.ts';
import type { Node, RoutedRequest } from './rule.ts';

/**
 * Goes from node to node until one decides; the plan then says what happens to the request.
 *
 * Ends without a promise unless a node has to wait. A graph has no cycle, so a walk is at most as long as the graph. While a
 * promise is pending, request and plan belong to the walk; it is rejected with what a node throws.
 */
export function walk(graph: Graph, request: RoutedRequest, plan: Plan): void | Promise<void> {
  let node: Node | null = graph.init;
  while (node !== null) {
    if (plan.trace !== null) plan.trace.push(node);
    const next: Node | null | Promise<Node | null> = node.decide(request, plan);
    if (next instanceof Promise) return walkOn(next, request, plan);
    node = next;
  }
}

async function walkOn(pending: Promise<Node | null>, request: RoutedRequest, plan: Plan): Promise<void> {
  let node = await pending;
  // Nodes follow one another: each may depend on what the one before wrote into the plan.
  while (node !== null) {
    if (plan.trace !== null) plan.trace.push(node);
    // oxlint-disable-next-line no-await-in-loop
    node = await node.decide(request, plan);
  }
}
