import { Fault } from '../core/faults.ts';
import { edgeTarget } from './edges.ts';
import { Edge, missingEdge, type Graph } from './graph.ts';
import type { GraphDocument, Node, Rule } from './rule.ts';
import { IDLE_MEANS, type Means } from './means.ts';
import { States, type Holding } from './states.ts';

/**
 * The graph of a document that has passed its check (`compileGraph`), without checking it again.
 *
 * The nodes of a large graph are compiled when a walk first comes to them, so that what a request pays for the first walk is
 * bounded by the length of its way, not by the graph. Nothing of the document is kept once all nodes are compiled.
 */
export function openGraph(document: string, rules: ReadonlyMap<string, Rule>, place: GraphPlace = NOWHERE): Graph {
  // The primary has checked it.
  const parsed = JSON.parse(document) as GraphDocument;
  const holding = place.states.holding(place.home);
  const opening = new Opening(parsed.rules, rules, place, holding);
  const init = opening.edge('', '', opening.node(parsed.init));
  const isLarge = Object.keys(parsed.rules).length > MAX_AT_ONCE;
  if (isLarge && place.isWhole !== true) return { init, edges: opening.edges, holding };
  opening.compileAll();
  // Exactly as long as it is: pushing has left room for more. Nothing can come to be held any more.
  return { init, edges: opening.edges.slice(), holding: holding.isEmpty ? null : holding };
}

/** Where a graph is opened. */
export interface GraphPlace {
  readonly means: Means;
  readonly states: States;
  /** The graph, in the keys of what its nodes keep. */
  readonly home: string;
  /** Whether all nodes are compiled at once. */
  readonly isWhole?: boolean;
}

const NOWHERE: GraphPlace = { means: IDLE_MEANS, states: new States(), home: '' };

/** Nodes of a graph that are compiled together: some dozens of microseconds. */
const MAX_AT_ONCE = 32;

/** What the nodes of one graph need until they are compiled. */
class Opening {
  readonly edges: Edge[] = [];
  readonly #documents: GraphDocument['rules'];
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #means: Means;
  readonly #home: string;
  readonly #holding: Holding;
  readonly #nodes = new Map<string, OpenNode>();

  constructor(
    documents: GraphDocument['rules'],
    rules: ReadonlyMap<string, Rule>,
    { means, home }: GraphPlace,
    holding: Holding,
  ) {
    this.#documents = documents;
    this.#rules = rules;
    this.#means = means;
    this.#home = home;
    this.#holding = holding;
  }

  node(name: string): Node {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = new OpenNode(name, this);
    this.#nodes.set(name, node);
    return node;
  }

  edge(from: string, name: string, target: Node): Edge {
    const edge = new Edge(from, name, target);
    this.edges.push(edge);
    return edge;
  }

  /** All that the nodes so far lead to. */
  compileAll(): void {
    for (const node of this.#nodes.values()) node.compile(this);
  }

  decision(name: string): Node['decide'] {
    const document = this.#documents[name];
    const rule = document === undefined ? undefined : this.#rules.get(document.type);
    if (document === undefined || rule === undefined) return broken;
    const { args } = document;
    let isSound = true;
    const edge = (edgeName: string): Node => {
      const target = edgeTarget(args, edgeName);
      return this.edge(name, edgeName, target === null ? missingEdge : this.node(target));
    };
    try {
      const decide = rule.compile(args, {
        name,
        rules: this.#rules,
        home: this.#home,
        means: this.#means,
        depth: 0,
        edge,
        state: (kind, key, make) => this.#holding.take(kind, key, name, make),
        problem: () => (isSound = false),
      });
      return isSound ? decide : broken;
    } catch {
      return broken;
    }
  }
}

class OpenNode implements Node {
  readonly name: string;
  decide: Node['decide'];

  constructor(name: string, opening: Opening) {
    this.name = name;
    // Not assigned as it is written: V8 makes such a function an old object, which keeps the whole document until old ones are collected.
    const first: Node['decide'] = (request, plan) => {
      this.compile(opening);
      return this.decide(request, plan);
    };
    this.decide = first;
  }

  compile(opening: Opening): void {
    this.decide = opening.decision(this.name);
  }
}

/** A document that passed its check in the primary, and does not here: the request is refused rather than sent astray. */
const broken: Node['decide'] = (_request, plan) => {
  plan.fault = Fault.BROKEN_GRAPH;
  return null;
};
