import { pointerStep } from '../core/problem.ts';
import type { CheckedNode } from './check-document.ts';
import type { Problem } from './rule.ts';

export interface Order {
  /** Every node once, behind all nodes that its edges name (but for the edges that close a cycle). */
  readonly order: readonly CheckedNode[];
  /** One problem for every edge that closes a cycle. */
  readonly cycles: readonly Problem[];
}

/**
 * Depth-first search from `init`, then from whatever it did not reach. The path is a stack of its own, since documents may be
 * deeper than the call stack; the cost is proportional to nodes and edges, cycles included.
 */
export function postOrder(nodes: ReadonlyMap<string, CheckedNode>, init: string | undefined): Order {
  const order: CheckedNode[] = [];
  const cycles: Problem[] = [];
  const done = new Set<string>();
  const path: Step[] = [];
  /** Where each name stands in `path`. */
  const depths = new Map<string, number>();
  const enter = (node: CheckedNode): void => {
    depths.set(node.name, path.length);
    path.push({ node, edges: node.edges.entries() });
  };
  const first = init === undefined ? undefined : nodes.get(init);
  for (const root of first === undefined ? nodes.values() : [first, ...nodes.values()]) {
    if (!done.has(root.name)) enter(root);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const { node } = step;
      const next = step.edges.next();
      if (next.done === true) {
        path.pop();
        depths.delete(node.name);
        done.add(node.name);
        order.push(node);
        continue;
      }
      const [edge, name] = next.value;
      const target = nodes.get(name);
      const depth = depths.get(name);
      if (depth !== undefined) cycles.push({ at: `${node.at}/args${pointerStep(edge)}`, msg: cycleText(path, depth) });
      else if (target !== undefined && !done.has(name)) enter(target);
    }
  }
  return { order, cycles };
}

interface Step {
  readonly node: CheckedNode;
  /** Edges that were not followed yet. */
  readonly edges: Iterator<[edge: string, target: string], undefined>;
}

/** Most names told of one cycle. */
const MAX_NAMES = 20;

/** The cycle from `path[depth]` to the path's end and back. */
function cycleText(path: readonly Step[], depth: number): string {
  const names = path.slice(depth, depth + MAX_NAMES).map((step) => step.node.name);
  const hidden = path.length - depth - names.length;
  if (hidden > 0) names.push(`(${hidden} more)`);
  return `closes a cycle: ${[...names, path[depth]?.node.name].join(' -> ')}`;
}
