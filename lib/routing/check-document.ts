import { Fault } from '../core/faults.ts';
import { nearest } from '../core/nearest.ts';
import { pointerStep } from '../core/problem.ts';
import { checkArgs } from './args-schema.ts';
import { edgeNames, edgeTarget } from './edges.ts';
import type { GraphDocument, Problem, Rule } from './rule.ts';

/** A node of a known type. */
export interface CheckedNode {
  readonly name: string;
  /** JSON pointer of the node. */
  readonly at: string;
  readonly rule: Rule;
  readonly args: Readonly<Record<string, unknown>>;
  /** Whether the rule's `compile` may see the args. */
  readonly compilable: boolean;
  /** Targets by edge; only edges that the document has. */
  readonly edges: ReadonlyMap<string, string>;
}

export interface CheckedDocument {
  /** The document if it has the shape of one, whatever its nodes are like. */
  readonly graphDocument: GraphDocument | null;
  /** The nodes with a known type and with args, by name. */
  readonly nodes: ReadonlyMap<string, CheckedNode>;
  readonly problems: Problem[];
  /** A code of `Fault`, 0 without problems. */
  readonly fault: number;
}

/** Checks what can be said of a document node by node: shape, types, args, and that every edge leads somewhere. */
export function checkDocument(document: unknown, rules: ReadonlyMap<string, Rule>, maxNodes: number): CheckedDocument {
  const problems: Problem[] = [];
  const nodes = new Map<string, CheckedNode>();
  const count = nodeCount(document);
  if (count > maxNodes) {
    const msg = `has ${count} nodes; at most ${maxNodes} are allowed (option max-nodes)`;
    return { graphDocument: null, nodes, problems: [{ at: '/rules', msg }], fault: Fault.BROKEN_GRAPH };
  }
  if (!isGraphDocument(document, problems)) {
    // Nodes are looked at even so: all problems are told at once.
    const found = isObject(document) ? document['rules'] : undefined;
    if (isObject(found)) checkNodes(found, rules, nodes, problems);
    return { graphDocument: null, nodes, problems, fault: Fault.BAD_GRAPH };
  }
  const { init, rules: found } = document;
  if (!Object.hasOwn(found, init)) problems.push({ at: '/init', msg: noNode(init, found) });
  checkNodes(found, rules, nodes, problems);
  const isUsable = !Object.hasOwn(found, init) || hasTypeAndArgs(found[init]);
  const fault = isUsable ? Fault.BROKEN_GRAPH : Fault.BAD_GRAPH;
  return { graphDocument: document, nodes, problems, fault: problems.length === 0 ? 0 : fault };
}

function isGraphDocument(document: unknown, problems: Problem[]): document is GraphDocument {
  if (!isObject(document)) {
    problems.push({ at: '', msg: 'is not an object with init and rules' });
    return false;
  }
  if (typeof document['init'] !== 'string') problems.push({ at: '/init', msg: 'is not the name of a node' });
  if (!isObject(document['rules'])) problems.push({ at: '/rules', msg: 'is not an object of nodes' });
  return problems.length === 0;
}

function checkNodes(
  found: Readonly<Record<string, unknown>>,
  rules: ReadonlyMap<string, Rule>,
  nodes: Map<string, CheckedNode>,
  problems: Problem[],
): void {
  for (const [name, node] of Object.entries(found)) {
    const at = `/rules${pointerStep(name)}`;
    if (!isObject(node)) {
      problems.push({ at, msg: 'is not an object with type and args' });
      continue;
    }
    const { type, args } = node;
    const rule = typeof type === 'string' ? rules.get(type) : undefined;
    if (rule === undefined) problems.push({ at: `${at}/type`, msg: unknownType(type, rules) });
    if (!isObject(args)) problems.push({ at: `${at}/args`, msg: 'is not an object' });
    if (rule === undefined || !isObject(args)) continue;
    const checked = checkArgs(rule, args);
    for (const problem of checked.problems) problems.push({ at: `${at}/args${problem.at}`, msg: problem.msg });
    // Ways into args of another shape than the rule's lead nowhere.
    const edges = checked.compilable ? edgesOf(rule, args) : targetsOf(rule.edges, args);
    for (const [edge, target] of edges) {
      if (!Object.hasOwn(found, target)) problems.push({ at: `${at}/args/${edge}`, msg: noNode(target, found) });
    }
    nodes.set(name, { name, at, rule, args, compilable: checked.compilable, edges });
  }
}

/** Targets by edge of a node whose args fit its rule's schema. */
export function edgesOf(rule: Rule, args: Readonly<Record<string, unknown>>): Map<string, string> {
  return targetsOf(edgeNames(rule, args), args);
}

function targetsOf(names: readonly string[], args: Readonly<Record<string, unknown>>): Map<string, string> {
  const edges = new Map<string, string>();
  for (const edge of names) {
    const target = edgeTarget(args, edge);
    if (target !== null) edges.set(edge, target);
  }
  return edges;
}

function nodeCount(document: unknown): number {
  const nodes = isObject(document) ? document['rules'] : undefined;
  return isObject(nodes) ? Object.keys(nodes).length : 0;
}

function hasTypeAndArgs(node: unknown): boolean {
  return isObject(node) && typeof node['type'] === 'string' && isObject(node['args']);
}

function unknownType(type: unknown, rules: ReadonlyMap<string, Rule>): string {
  const known = [...rules.keys()];
  if (typeof type !== 'string') return `is not one of ${known.join(', ')}`;
  const meant = nearest(type, known);
  if (meant !== null) return `is ${JSON.stringify(type)}, which there is not: is ${JSON.stringify(meant)} meant?`;
  return `is ${JSON.stringify(type)}, which is not one of ${known.join(', ')}`;
}

function noNode(name: string, nodes: Readonly<Record<string, unknown>>): string {
  // To compare a name with those of a large graph takes too long.
  const names = Object.keys(nodes);
  const meant = names.length > MOST_COMPARED ? null : nearest(name, names);
  const hint = meant === null ? '' : `: is ${JSON.stringify(meant)} meant?`;
  return `names ${JSON.stringify(name)}, which is not in rules${hint}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MOST_COMPARED = 100;
