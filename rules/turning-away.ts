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
  return (plan, why, lines = '') => {
    const text = `${status} ${reasonOf(status)}: ${why}\n`;
    const body = Buffer.from(text, 'utf8').toString('latin1');
    plan.answer = { status, lines: `Content-Type: text/plain; charset=utf-8\r\n${lines}`, body };
    return null;
  };
}
