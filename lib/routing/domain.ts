import type { YoungCollector } from '../core/young-collector.ts';
import type { DomainEntry } from './domain-table.ts';
import type { Graph } from './graph.ts';
import { openGraph, type GraphPlace } from './open-graph.ts';
import type { Rule } from './rule.ts';

/** What the graphs of a worker are opened with. */
export interface GraphWorld extends Omit<GraphPlace, 'home' | 'isWhole'> {
  readonly rules: ReadonlyMap<string, Rule>;
  readonly young: YoungCollector;
}

/**
 * A good document, of which a graph is made at the first request: most domains of a large table sleep.
 *
 * A graph whose nodes keep something hands it to its successor, which is opened at once for that.
 */
export class Domain implements DomainEntry {
  readonly name: string;
  readonly fault = 0;
  readonly #world: GraphWorld;
  /** Null once the graph is there. */
  #document: string | null;
  #graph: Graph | null = null;

  constructor(name: string, document: string, world: GraphWorld) {
    this.name = name;
    this.#document = document;
    this.#world = world;
  }

  get graph(): Graph | null {
    if (this.#document !== null) this.#open(this.#document, false);
    return this.#graph;
  }

  /** It is in force instead of `before`, if there was one. */
  succeed(before: Domain | null): void {
    if (before === null) return;
    if (before.#graph?.holding?.isEmpty === false && this.#document !== null) this.#open(this.#document, true);
    before.close();
  }

  /** It is no longer in force. Walks that are under way come to their end. */
  close(): void {
    this.#graph?.holding?.release();
  }

  #open(document: string, isWhole: boolean): void {
    this.#document = null;
    this.#world.young.made(1);
    this.#graph = openGraph(document, this.#world.rules, { ...this.#world, home: this.name, isWhole });
  }
}
