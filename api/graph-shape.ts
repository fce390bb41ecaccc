import { checkDocument } from '../lib/routing/check-document.ts';
import { edgeNames } from '../lib/routing/edges.ts';
import type { Rule } from '../lib/routing/rule.ts';

/** A graph as it can be drawn, good or not. */
export interface GraphShape {
  /** Null: the document does not say. */
  readonly init: string | null;
  /** In the order of the document. */
  readonly nodes: readonly {
    readonly name: string;
    /** Empty: the document does not say. */
    readonly type: string;
    /** `to`: null where the document leaves the edge out, which answers 403. */
    readonly edges: readonly { readonly edge: string; readonly to: string | null }[];
  }[];
}

/** What can be drawn of a document, whatever it is. */
export function graphShape(document: unknown, rules: ReadonlyMap<string, Rule>): GraphShape {
  // Its size is bounded by that of a body.
  const { nodes } = checkDocument(document, rules, Number.MAX_SAFE_INTEGER);
  const { init, rules: found } = membersOf(document);
  return {
    init: typeof init === 'string' ? init : null,
    nodes: Object.entries(membersOf(found)).map(([name, node]) => {
      const { type } = membersOf(node);
      const checked = nodes.get(name);
      const known = checked === undefined ? [] : checked.rule.edges;
      const all = checked?.compilable === true ? edgeNames(checked.rule, checked.args) : known;
      // What is left when no case fits comes last.
      const inOrder = all.toSorted((a, b) => Number(b.includes('/')) - Number(a.includes('/')));
      const edges = inOrder.map((edge) => ({ edge, to: checked?.edges.get(edge) ?? null }));
      return { name, type: typeof type === 'string' ? type : '', edges };
    }),
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  // An object has members of any type.
  return isObject ? (value as Readonly<Record<string, unknown>>) : {};
}
