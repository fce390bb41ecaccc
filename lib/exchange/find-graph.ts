import { Fault } from '../core/faults.ts';
import type { Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import type { Graph } from '../routing/graph.ts';
import type { Answer } from '../routing/plan.ts';
import type { Account } from './account.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { challengeAnswer } from './challenge-answer.ts';
import { checkTls } from './tls-rules.ts';

/** The graph that a request's host leads to; or the fault, or the answer, that it gets instead. */
export function findGraph(
  { shared, ready }: Context,
  client: Client,
  { head, target, account }: { head: Head; target: Target; account: Account | null },
): Graph | number | Answer {
  const answer = challengeAnswer(shared.challenges, target);
  if (answer !== null) return answer;
  const entry = shared.table.find(target.host, target.port, client.tls !== null);
  if (account !== null && entry !== null) account.record.domain = entry.name;
  const graph = entry === null ? null : entry.graph;
  if (graph === null) return entry?.fault ?? (ready ? Fault.NO_DOMAIN : Fault.NOT_READY);
  const outcome = checkTls(shared.tls, client, head, target);
  if (outcome !== 0) return outcome;
  if (account !== null) account.record.graph = graph;
  return graph;
}
