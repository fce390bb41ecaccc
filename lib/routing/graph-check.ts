import { checkArgs } from './args-schema.ts';
import { edgesOf, isObject, type CheckedNode } from './check-document.ts';
import { compileGraph, compileNode, referencesOf, type Compiled, type GraphRules, type Shape } from './compile.ts';
import type { GraphDocument, Problem } from './rule.ts';

/** What came of the check of a document. */
export type CheckedGraph = Pick<Compiled, 'problems' | 'fault' | 'upstreams'>;

/**
 * Checks documents as `compileGraph` does, and remembers a few good ones: most graphs of a large table are like another one but for some
 * args. Of one that has the nodes of a good one, by names, types and edges, only the nodes with other args are checked. Whatever is
 * not good by that is checked as a whole.
 */
export class GraphCheck {
  readonly #graphs: GraphRules;
  /** The last that was of use is the first. */
  readonly #known: Shape[] = [];

  constructor(graphs: GraphRules) {
    this.#graphs = graphs;
  }

  check(document: unknown): CheckedGraph {
    const at = this.#known.findIndex((shape) => isLike(shape, document));
    if (at >= 0) {
      this.#use(this.#known.splice(at, 1)[0]);
      // It has the nodes of one that has passed its check.
      return { problems: NONE, fault: 0, upstreams: referencesOf(document as GraphDocument, this.#graphs.rules) };
    }
    const { shape, problems, fault, upstreams } = compileGraph(document, this.#graphs);
    if (shape !== null && shape.nodes.size <= MOST_NODES) this.#use(shape);
    return { problems, fault, upstreams };
  }

  #use(shape: Shape | undefined): void {
    if (shape === undefined) return;
    this.#known.unshift(shape);
    if (this.#known.length > MOST_KNOWN) this.#known.pop();
  }
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
