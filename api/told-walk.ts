import type { ExplainedNode } from '../lib/core/explanation.ts';
import type { GraphDocument } from '../lib/routing/rule.ts';

/** A step of a walk, with what its document says of the node and one sentence for people. */
export interface ToldNode extends ExplainedNode {
  /** Where the node is, if not in the graph that the walk began in: `graph/signed-in`, a shared one, or `domain/b.test`. */
  readonly graph: string | null;
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly why: string;
}

/** The documents that are in force; null: there is none of that name. */
export interface WalkedDocuments {
  domain(name: string): GraphDocument | null;
  shared(name: string): GraphDocument | null;
}

/** `domain`: the one whose graph the walk began in; null: none. What was walked may be gone meanwhile. */
export function toldWalk(
  nodes: readonly ExplainedNode[],
  domain: string | null,
  documents: WalkedDocuments,
): readonly ToldNode[] {
  // Those that are included stand above those that include them.
  const stack: Entered[] = [{ graph: null, document: domain === null ? null : documents.domain(domain) }];
  return nodes.map((step, i) => {
    const { graph, document } = stack.at(-1) ?? NOWHERE;
    const known = document !== null && Object.hasOwn(document.rules, step.node) ? document.rules[step.node] : undefined;
    const { type = '', args = {} } = known ?? {};
    if (type === 'include' && step.next !== null) {
      const name = String(args['graph']);
      stack.push({ graph: `graph/${name}`, document: documents.shared(name) });
    } else if (type === 'return' && stack.length > 1) stack.pop();
    else if (type === 'goto' && step.next !== null) {
      const name = String(args['domain']);
      stack.push({ graph: `domain/${name}`, document: documents.domain(name) });
    }
    return { ...step, graph, type, args, why: whyOf(step, args, nodes[i - 1]) };
  });
}

/** A graph that a walk is in. */
interface Entered {
  readonly graph: string | null;
  readonly document: GraphDocument | null;
}

const NOWHERE: Entered = { graph: null, document: null };

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
      : `${step.verdict === '' ? '' : `${step.verdict}, `}to ${step.next === '' ? 'nothing' : (step.next ?? 'nothing')}`;
  return said === '' ? end : `${said}: ${end}`;
}

const EDGES: ReadonlySet<string> = new Set(['succ', 'fail']);
