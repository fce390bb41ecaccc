import type { TableChange } from '../change.ts';
import { Fault } from '../core/faults.ts';
import { compileGraph, upstreamsOf } from '../routing/compile.ts';
import type { GraphRules } from '../routing/compile.ts';
import type { GraphDocument } from '../routing/rule.ts';
import { checkDomainName, normalDomainName } from '../routing/domain-name.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** Domains' graphs. A domain without a good one answers what is wrong with it, unless no host can have its name. */
export function domains(graphs: GraphRules): DocumentKind {
  return {
    kind: 'domain',
    check(name, document) {
      const broken = notJson(document);
      const { problems, fault, upstreams } =
        broken === null
          ? compileGraph(document, graphs)
          : { problems: [broken], fault: Fault.BROKEN_GRAPH, upstreams: [] };
      const badName = checkDomainName(name);
      if (badName !== null)
        return { problems: [{ at: '', msg: `name ${badName}` }, ...problems], substitute: null, upstreams };
      const substitute: TableChange = { kind: 'bad-domain', name, fault };
      return { problems, substitute, upstreams };
    },
    change: (name, text) => ({ kind: 'domain', name, document: text }),
    normalName: normalDomainName,
    // It has passed its check.
    upstreams: (document) => upstreamsOf(document as GraphDocument, graphs.rules),
  };
}
