import { pointerStep } from './args-schema.ts';
import type { CheckedNode } from './check-document.ts';
import type { Problem } from './rule.ts';

export interface Order {
  /** Every node once, behind all nodes that its edges name (but for the edges that close a cycle). */
  readonly order: readonly CheckedNode[];
  /** One problem for every edge that closes a cycle. */
  readonly cycles: readonly Problem[];
}

/** Depth-first search from `init`, then from whatever it did not reach, on a stack of its own: documents may be deep. */
export function postOrder(nodes: ReadonlyMap<string, CheckedNode>, init: string | undefined): Order {
  const order: CheckedNode[] = [];
  const cycles: Problem[] = [];
  const done = new Set<string>();
  /** From the root to where the search stands; the insertion order is the path. */
  const open = new Map<string, Iterator<[edge: string, target: string]>>();
  const first = init === undefined ? undefined : nodes.get(init);
  for (const root of first === undefined ? nodes.values() : [first, ...nodes.values()]) {
    const stack: CheckedNode[] = [];
    const push = (node: CheckedNode): void => {
      stack.push(node);
      open.set(node.name, node.edges.entries()[Symbol.iterator]());
    };
    if (!done.has(root.name)) push(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const step = open.get(top.name)?.next();
      if (step === undefined || step.done === true) {
        stack.pop();
        open.delete(top.name);
        done.add(top.name);
        order.push(top);
        continue;
      }
      const [edge, target] = step.value;
      const next = nodes.get(target);
      if (next === undefined || done.has(target)) continue;
      if (open.has(target))
        cycles.push({ at: `${top.at}/args${pointerStep(edge)}`, msg: cycleText([...open.keys()], target) });
      else push(next);
    }
  }
  return { order, cycles };
}

/** Names of a long cycle are left out in its middle. */
const MAX_NAMES = 20;

function cycleText(path: readonly string[], target: string): string {
  const cycle = [...path.slice(path.indexOf(target)), target];
  const names =
    cycle.length <= MAX_NAMES
      ? cycle
      : [...cycle.slice(0, MAX_NAMES - 2), `(${cycle.length - MAX_NAMES + 1} more)`, target];
  return `closes a cycle: ${names.join(' -> ')}`;
}
