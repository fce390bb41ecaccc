import type { ExplainedNode } from '../lib/core/explanation.ts';
import type { GraphDocument } from '../lib/routing/rule.ts';

/** A step of a walk, with what its document says of the node and one sentence for people. */
export interface ToldNode extends ExplainedNode {
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly why: string;
}

/** `graph`: the document that was walked; null: it is gone meanwhile. */
export function toldWalk(nodes: readonly ExplainedNode[], graph: GraphDocument | null): readonly ToldNode[] {
  return nodes.map((step, i) => {
    const known = graph !== null && Object.hasOwn(graph.rules, step.node) ? graph.rules[step.node] : undefined;
    const { type = '', args = {} } = known ?? {};
    return { ...step, type, args, why: whyOf(step, args, nodes[i - 1]) };
  });
}

function whyOf(step: ExplainedNode, args: ToldNode['args'], before: ExplainedNode | undefined): string {
  if (step.failure !== null) return `has failed: ${step.failure}`;
  if (step.node === '') return `${before?.node ?? 'the graph'} has no edge ${before?.verdict ?? ''}: refused`;
  const read = step.read.map(({ what, value }) =>
    value === null ? `no ${what}` : `${what} is ${JSON.stringify(value)}`,
  );
  const asked = Object.entries(args)
    .filter(([name, value]) => name !== step.verdict && !(step.verdict !== null && EDGES.has(name)) && value !== null)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const said = [read.join(', '), asked.join(', ')].filter((text) => text !== '').join('; ');
  const end =
    step.verdict === null
      ? 'decides'
      : `${step.verdict}, to ${step.next === '' ? 'nothing' : (step.next ?? 'nothing')}`;
  return said === '' ? end : `${said}: ${end}`;
}

const EDGES: ReadonlySet<string> = new Set(['succ', 'fail']);
