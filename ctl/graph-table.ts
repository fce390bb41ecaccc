import { edgeNames, edgeTarget } from '../lib/routing/edges.ts';
import type { Rule } from '../lib/routing/rule.ts';
import { inner, isMembers, own, text, textOf } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import type { Screen } from './screen.ts';

/** A domain's graph for people: its nodes in the order in which a walk can meet them, each with its args and where it goes. */
export function graphTable(name: string, graph: unknown, rules: ReadonlyMap<string, Rule>, screen: Screen): string {
  const document: Members = isMembers(graph) ? graph : {};
  const nodes = inner(document, 'rules');
  const rows = inOrder(text(document, 'init'), nodes, rules).map((node) => {
    const { type, args, edges } = read(node, nodes, rules);
    const words = Object.entries(args).map(([arg, value]) => `${arg}=${textOf(value)}`);
    const ways = edges.map(({ edge, to }) => `${edge}→${to}`);
    return [node, type, words.join(' '), ways.length === 0 ? { text: 'end', style: 'dim' as const } : ways.join(' ')];
  });
  return `${screen.style('head', name)}\n${screen.table(['NODE', 'TYPE', 'ARGS', 'GOES TO'], rows)}`;
}

interface ReadNode {
  readonly type: string;
  /** Without edges. */
  readonly args: Members;
  readonly edges: readonly { readonly edge: string; readonly to: string }[];
}

function read(name: string, nodes: Members, rules: ReadonlyMap<string, Rule>): ReadNode {
  const node = inner(nodes, name);
  const type = text(node, 'type');
  const args = inner(node, 'args');
  const rule = rules.get(type);
  if (rule === undefined) return { type, args, edges: [] };
  const edges = edgeNames(rule, args).flatMap((edge) => {
    const to = edgeTarget(args, edge);
    return to === null ? [] : [{ edge, to }];
  });
  const others = Object.entries(args).filter(([arg]) => !rule.edges.includes(arg));
  return { type, args: Object.fromEntries(others), edges };
}

/** Depth first from where the walk begins; nodes that no edge leads to come last. */
function inOrder(init: string, nodes: Members, rules: ReadonlyMap<string, Rule>): readonly string[] {
  const met = new Set<string>();
  const open = [init];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (met.has(name) || own(nodes, name) === undefined) continue;
    met.add(name);
    open.push(
      ...read(name, nodes, rules)
        .edges.map(({ to }) => to)
        .toReversed(),
    );
  }
  return [...met, ...Object.keys(nodes).filter((name) => !met.has(name))];
}
