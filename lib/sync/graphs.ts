import { referencesOf } from '../routing/compile.ts';
import type { GraphRules } from '../routing/compile.ts';
import { GraphCheck } from '../routing/graph-check.ts';
import type { GraphDocument } from '../routing/rule.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** Graphs that others include. One without a good document does not exist. */
export function sharedGraphs(graphs: GraphRules): DocumentKind {
  const graphCheck = new GraphCheck({ ...graphs, isShared: true });
  return {
    kind: 'graph',
    check(name, document) {
      const broken = notJson(document);
      const { problems, upstreams } =
        broken === null ? graphCheck.check(document) : { problems: [broken], upstreams: [] };
      const badName = { at: '', msg: 'the name of a shared graph is text without slash, space and control characters' };
      return { problems: NAME.test(name) ? problems : [badName, ...problems], substitute: null, upstreams };
    },
    needsOf: (name, text) => (NAME.test(name) ? graphCheck.needsOf(text) : null),
    change: (name, text) => ({ kind: 'graph', name, document: text }),
    normalName: (name) => name,
    // It has passed its check.
    upstreams: (document) => referencesOf(document as GraphDocument, graphs.rules),
  };
}

const NAME = /^[^/\s\p{Cc}]{1,200}$/u;
