import { checkArgs } from './args-schema.ts';
import { edgesOf, isObject, type CheckedNode } from './check-document.ts';
import {
  compileGraph,
  compileNode,
  namesOf,
  referencesOf,
  type Compiled,
  type GraphRules,
  type Shape,
} from './compile.ts';
import { GraphText } from './graph-text.ts';
import type { GraphDocument, Problem } from './rule.ts';

/** What came of the check of a document. */
export type CheckedGraph = Pick<Compiled, 'problems' | 'fault' | 'upstreams'>;

/** A graph that is remembered. */
interface Known {
  readonly shape: Shape;
  /** One that was like it; null before, or where that is of no use. */
  alike: { readonly text: GraphText; readonly references: readonly (readonly string[])[] } | null;
}

/**
 * Checks documents as `compileGraph` does, and remembers a few good ones: most graphs of a large table are like another one but for some
 * args. Of one that has the nodes of a good one, by names, types and edges, only the nodes with other args are checked. Whatever is
 * not good by that is checked as a whole.
 */
export class GraphCheck {
  readonly #graphs: GraphRules;
  /** The last that was of use is the first. */
  readonly #known: Known[] = [];

  constructor(graphs: GraphRules) {
    this.#graphs = graphs;
  }

  check(document: unknown): CheckedGraph {
    const known = this.#find(({ shape }) => isLike(shape, document));
    if (known !== null) {
      // It has the nodes of one that has passed its check.
      const good = document as GraphDocument;
      known.alike ??= alikeOf(good, known.shape);
      return { problems: NONE, fault: 0, upstreams: referencesOf(good, this.#graphs.rules) };
    }
    const { shape, problems, fault, upstreams } = compileGraph(document, this.#graphs);
    if (shape !== null && shape.nodes.size <= MOST_NODES) this.#remember({ shape, alike: null });
    return { problems, fault, upstreams };
  }

  /** What the text of a good document needs, each once; null where that is not seen without parsing it as a whole. */
  needsOf(text: string): readonly string[] | null {
    let needs: readonly string[] | null = null;
    this.#find((known) => (needs = needsOf(known, text)) !== null);
    return needs;
  }

  #find(isIt: (known: Known) => boolean): Known | null {
    const known = this.#known.find(isIt);
    if (known === undefined) return null;
    if (known !== this.#known[0]) {
      this.#known.splice(this.#known.indexOf(known), 1);
      this.#known.unshift(known);
    }
    return known;
  }

  #remember(known: Known): void {
    this.#known.unshift(known);
    if (this.#known.length > MOST_KNOWN) this.#known.pop();
  }
}

function alikeOf(document: GraphDocument, { nodes }: Shape): Known['alike'] {
  const text = GraphText.of(document);
  // The nodes are those of the document, in its order.
  const references = Array.from(nodes.values(), ({ name, rule }) => namesOf(rule, document.rules[name]?.args ?? {}));
  return text && { text, references };
}

/** What a text needs that is good for being like a known one, each once; null: it may be another, or not good. */
function needsOf({ shape, alike }: Known, text: string): readonly string[] | null {
  const others = alike?.text.otherArgs(text) ?? null;
  if (alike === null || others === null) return null;
  const needs = new Set<string>();
  let place = 0;
  let next = 0;
  for (const node of shape.nodes.values()) {
    const other = others[next]?.node === place ? others[next++] : undefined;
    if (other !== undefined && !isGoodInstead(node, other.args, shape)) return null;
    for (const name of other === undefined ? (alike.references[place] ?? []) : namesOf(node.rule, other.args))
      needs.add(name);
    place++;
  }
  return [...needs];
}

/** Each is compared with what is not like the ones before. */
const MOST_KNOWN = 4;
/** Of a graph that is remembered: larger ones are rarely alike, and take memory. */
const MOST_NODES = 100;

const NONE: readonly Problem[] = [];

/** Whether a document is good for being like one that is. */
function isLike(shape: Shape, document: unknown): boolean {
  if (!isObject(document) || document['init'] !== shape.init) return false;
  const found = document['rules'];
  if (!isObject(found)) return false;
  const names = Object.keys(found);
  if (names.length !== shape.nodes.size) return false;
  let next = 0;
  for (const { name, rule } of shape.nodes.values()) {
    const node = found[name];
    if (names[next++] !== name || !isObject(node) || node['type'] !== rule.type || !isObject(node['args']))
      return false;
  }
  for (const known of shape.nodes.values()) {
    const node = found[known.name];
    // As seen above.
    const { args } = node as Pick<CheckedNode, 'args'>;
    if (!isSame(args, known.args, 0) && !isGoodInstead(known, args, shape)) return false;
  }
  return true;
}

/** Whether a node could stand in a good one's place: it has the same edges, and nothing is wrong with its args. */
function isGoodInstead(known: CheckedNode, args: CheckedNode['args'], shape: Shape): boolean {
  const { rule, edges } = known;
  const { problems } = checkArgs(rule, args);
  if (problems.length > 0) return false;
  const own = edgesOf(rule, args);
  if (own.size !== edges.size) return false;
  for (const [edge, target] of own) if (edges.get(edge) !== target) return false;
  const found: Problem[] = [];
  compileNode({ ...known, args }, { ...shape.compiling, problems: found });
  return found.length === 0;
}

/** Whether two values of JSON are written alike, with their members in the same order. */
function isSame(a: unknown, b: unknown, depth: number): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b) || depth > MOST_DEPTH) return false;
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === undefined || name !== others[i]) return false;
    // Any member of an object, whatever it is.
    if (!isSame((a as Members)[name], (b as Members)[name], depth + 1)) return false;
  }
  return true;
}

type Members = Readonly<Record<string, unknown>>;

/** What is nested deeper is taken for another. */
const MOST_DEPTH = 20;
