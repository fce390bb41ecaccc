import type { Rule } from './rule.ts';

/** The edges that a node with these args may have, by name: `succ`, or a way into the args such as `cases/0/to`. */
export function edgeNames(rule: Rule, args: Readonly<Record<string, unknown>>): readonly string[] {
  return rule.moreEdges === undefined ? rule.edges : [...rule.edges, ...rule.moreEdges(args)];
}

/** The node that an edge names, or null where the args leave it out. */
export function edgeTarget(args: Readonly<Record<string, unknown>>, edge: string): string | null {
  let value: unknown = args;
  for (const step of edge.split('/')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return null;
    // An own member of an object, whatever it is.
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return typeof value === 'string' ? value : null;
}

/** Whether a node's args name an edge at all. */
export function hasEdge(args: Readonly<Record<string, unknown>>, edge: string): boolean {
  return edgeTarget(args, edge) !== null;
}
