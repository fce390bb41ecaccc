import { Fault } from '../core/faults.ts';
import { checkDocument, type CheckedNode } from './check-document.ts';
import { normalDomainName } from './domain-name.ts';
import { missingEdge, type Graph } from './graph.ts';
import { postOrder } from './post-order.ts';
import type { CompileContext, GraphDocument, Node, Problem, Rule } from './rule.ts';
import { IDLE_MEANS, type Means } from './means.ts';

/** What a document is checked by. */
export interface GraphRules {
  readonly rules: ReadonlyMap<string, Rule>;
  /** Most nodes of a graph. */
  readonly maxNodes: number;
  /** Whether it is walked in the middle of others, by what those know. */
  readonly isShared?: boolean;
}

export interface Compiled {
  /** Null if there are problems. */
  readonly graph: Graph | null;
  /** Everything that is wrong with the document, reachable or not. */
  readonly problems: readonly Problem[];
  /** A code of `Fault`: what the domain answers as long as it has no good document. 0 with a graph. */
  readonly fault: number;
  /** What its nodes need, see `referencesOf`; empty with problems. */
  readonly upstreams: readonly string[];
  /** Null if there are problems, or its nodes may have been compiled by each other's args. */
  readonly shape: Shape | null;
}

/** A good graph, by which others can be judged that have the same nodes with other args. */
export interface Shape {
  readonly init: string;
  /** In the order of the document. */
  readonly nodes: ReadonlyMap<string, CheckedNode>;
  /** How each of them was compiled. */
  readonly compiling: Omit<Compiling, 'problems'>;
}

/**
 * A document as a graph, or all that is wrong with it. Never throws, whatever the document is.
 *
 * Each node is compiled once, behind the nodes its edges name, so that at run time nothing is looked up by name. Cost and
 * depth are bounded by the document's size: nothing here recurses along edges.
 */
export function compileGraph(document: unknown, { rules, maxNodes, isShared = false }: GraphRules): Compiled {
  const { graphDocument, nodes, problems, fault } = checkDocument(document, rules, maxNodes);
  const { order, cycles } = postOrder(nodes, graphDocument?.init);
  problems.push(...cycles);
  const compiled = new Map<string, Node>();
  const means = isShared ? IDLE_MEANS : { ...IDLE_MEANS, asked: askedNames(nodes) };
  for (const node of order) {
    if (node.compilable) compiled.set(node.name, compileNode(node, { compiled, rules, means, problems }));
  }
  const init = graphDocument === null ? undefined : compiled.get(graphDocument.init);
  if (problems.length > 0 || graphDocument === null || init === undefined) {
    const known = fault === 0 ? Fault.BROKEN_GRAPH : fault;
    return { graph: null, problems, fault: known, upstreams: [], shape: null };
  }
  // Where nothing is asked, or anything may be, that is so for all graphs of these types of nodes.
  const isShape = means.asked === null || means.asked.size === 0;
  return {
    graph: { init, edges: [], holding: null },
    problems,
    fault: 0,
    upstreams: referencesOf(graphDocument, rules),
    shape: isShape ? { init: graphDocument.init, nodes, compiling: { compiled, rules, means } } : null,
  };
}

/**
 * What the nodes of a good document need, each once: upstreams by their names, shared graphs as `graph/signed-in`, domains as
 * `domain/shop.test`.
 */
export function referencesOf(document: GraphDocument, rules: ReadonlyMap<string, Rule>): readonly string[] {
  const names = new Set<string>();
  for (const { type, args } of Object.values(document.rules)) {
    const rule = rules.get(type);
    if (rule !== undefined) for (const name of namesOf(rule, args)) names.add(name);
  }
  return [...names];
}

/** The same for one node. */
export function namesOf(rule: Rule, args: CheckedNode['args']): readonly string[] {
  const names = [...(rule.upstreams?.(args) ?? [])];
  for (const name of rule.graphs?.(args) ?? []) names.push(`graph/${name}`);
  for (const name of rule.domains?.(args) ?? []) names.push(`domain/${normalDomainName(name)}`);
  return names;
}

/** What a walk through these nodes may have asked; null: shared graphs on its way may have asked anything. */
function askedNames(nodes: ReadonlyMap<string, CheckedNode>): ReadonlySet<string> | null {
  const names = new Set<string>();
  for (const { rule, args, compilable } of nodes.values()) {
    if (rule.graphs !== undefined) return null;
    if (rule.asks === undefined) continue;
    // Another problem is in the way of its name.
    if (!compilable) return null;
    names.add(rule.asks(args));
  }
  return names;
}

/** What a node is compiled with. */
interface Compiling {
  readonly compiled: ReadonlyMap<string, Node>;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly means: Means;
  readonly problems: Problem[];
}

/** Compiles a node whose args fit its rule's schema; what is wrong with them all the same is added to `problems`. */
export function compileNode(checked: CheckedNode, { compiled, rules, means, problems }: Compiling): Node {
  const { name, rule, args, edges, at } = checked;
  const report = (pointer: string, msg: string): void => {
    problems.push({ at: `${at}/args${pointer}`, msg });
  };
  const edge = (edgeName: string): Node => {
    // A target that is missing here has its own problem: no graph comes of this document.
    const target = edges.get(edgeName);
    return (target === undefined ? undefined : compiled.get(target)) ?? missingEdge;
  };
  try {
    const context = { name, home: '', rules, means, depth: 0, edge, state: throwaway, problem: report };
    return { name, decide: rule.compile(args, context) };
  } catch (error) {
    // A defect of the rule. It costs this document, not the process with all its domains.
    report('', `cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
    return missingEdge;
  }
}

/** What a check keeps is kept by nobody. */
const throwaway: CompileContext['state'] = (_kind, _key, make) => make();
