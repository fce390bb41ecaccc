import { utf8Bytes } from '../lib/core/utf8-bytes.ts';
import { hasEdge } from '../lib/routing/edges.ts';
import { reasonOf } from '../lib/http/reason.ts';
import type { Plan } from '../lib/routing/plan.ts';
import type { CompileContext, Node } from '../lib/routing/rule.ts';

/** What a node that lets not everybody through does with the others: it goes another way, or answers by itself. */
export type TurnAway = (plan: Plan, why: string, lines?: string) => Node | null;

/** Without the edge in the args the answer is `status`, with the reason as its text. */
export function turningAway(
  args: object,
  edge: string,
  status: number,
  context: Pick<CompileContext, 'edge'>,
): TurnAway {
  // The args of a node, whatever their type says.
  const other = hasEdge(args as Readonly<Record<string, unknown>>, edge) ? context.edge(edge) : null;
  if (other !== null) return () => other;
  const title = `${status} ${reasonOf(status)}: `;
  return (plan, why, lines = '') => {
    plan.answer = { status, lines: TYPE + lines, body: utf8Bytes(`${title}${why}\n`) };
    return null;
  };
}

const TYPE = 'Content-Type: text/plain; charset=utf-8\r\n';
