import type { TableChange } from '../change.ts';
import { Fault } from '../core/faults.ts';
import { pointerStep, type Problem } from '../core/problem.ts';
import { compileGraph, referencesOf } from '../routing/compile.ts';
import type { GraphRules } from '../routing/compile.ts';
import { GraphCheck, type CheckedGraph } from '../routing/graph-check.ts';
import type { GraphDocument } from '../routing/rule.ts';
import { checkDomainName, normalDomainName } from '../routing/domain-name.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** Nodes that would return to nobody: a domain's graph is included by none. */
function returning(document: unknown): readonly Problem[] {
  if (typeof document !== 'object' || document === null || !('rules' in document)) return NONE;
  let problems = NONE;
  for (const [name, node] of Object.entries(document.rules ?? {}) as readonly (readonly [string, unknown])[]) {
    const isReturn = typeof node === 'object' && node !== null && 'type' in node && node.type === 'return';
    if (!isReturn) continue;
    const at = `/rules${pointerStep(name)}/type`;
    const msg = 'is return, which leaves a shared graph: the graph of a domain has nowhere to return to';
    problems = [...problems, { at, msg }];
  }
  return problems;
}

const NONE: readonly Problem[] = [];

/** Domains' graphs. A domain without a good one answers what is wrong with it, unless no host can have its name. */
export function domains(graphs: GraphRules): DocumentKind {
  const graphCheck = new GraphCheck(graphs);
  const checked = (document: unknown, returns: boolean): CheckedGraph => {
    const broken = notJson(document);
    if (broken !== null) return { problems: [broken], fault: Fault.BROKEN_GRAPH, upstreams: [] };
    // One that is bad for where it stands is no example for others.
    return returns ? compileGraph(document, graphs) : graphCheck.check(document);
  };
  return {
    kind: 'domain',
    check(name, document) {
      const returns = returning(document);
      const { problems: found, fault, upstreams } = checked(document, returns.length > 0);
      const problems = [...found, ...returns];
      const badName = checkDomainName(name);
      if (badName !== null)
        return { problems: [{ at: '', msg: `name ${badName}` }, ...problems], substitute: null, upstreams };
      if (problems.length === 0) return { problems, substitute: null, upstreams };
      const substitute: TableChange = { kind: 'bad-domain', name, fault: fault === 0 ? Fault.BROKEN_GRAPH : fault };
      return { problems, substitute, upstreams };
    },
    needsOf: (name, text) => (checkDomainName(name) === null ? graphCheck.needsOf(text) : null),
    change: (name, text) => ({ kind: 'domain', name, document: text }),
    broken: (name) => ({ kind: 'bad-domain', name, fault: Fault.BROKEN_GRAPH }),
    normalName: normalDomainName,
    // It has passed its check.
    upstreams: (document) => referencesOf(document as GraphDocument, graphs.rules),
  };
}
