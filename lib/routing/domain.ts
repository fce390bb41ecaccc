import type { DomainEntry } from './domain-table.ts';
import type { Graph } from './graph.ts';
import { openGraph } from './open-graph.ts';
import type { Rule } from './rule.ts';

/** A domain with a good document, of which a graph is made at its first request: most domains of a large table sleep. */
export class Domain implements DomainEntry {
  readonly name: string;
  readonly fault = 0;
  readonly #rules: ReadonlyMap<string, Rule>;
  /** Null once the graph is there. */
  #document: string | null;
  #graph: Graph | null = null;

  constructor(name: string, document: string, rules: ReadonlyMap<string, Rule>) {
    this.name = name;
    this.#document = document;
    this.#rules = rules;
  }

  get graph(): Graph | null {
    if (this.#document !== null) {
      this.#graph = openGraph(this.#document, this.#rules);
      this.#document = null;
    }
    return this.#graph;
  }
}
