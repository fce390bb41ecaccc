/** What nodes keep from one request to the next: whatever it is, it may have to be closed. */
interface State {
  close?(): void;
}

interface Kept {
  readonly state: State;
  holders: number;
}

/**
 * The states of a worker's nodes, by kind and key: limiters, breakers, caches. A state lives as long as a graph holds it, so it
 * outlives every document that is replaced by one which holds it, too.
 */
export class States {
  readonly #kept = new Map<string, Kept>();

  /** Number of states that are held. */
  get size(): number {
    return this.#kept.size;
  }

  /** What one graph holds; `home`: the graph, in the keys of states that belong to one node. */
  holding(home: string): Holding {
    return new Holding(this.#kept, home);
  }
}

/** The states that one graph holds, each counted once however many of its nodes share it. */
export class Holding {
  readonly #kept: Map<string, Kept>;
  readonly #home: string;
  readonly #keys = new Set<string>();
  #isReleased = false;

  constructor(kept: Map<string, Kept>, home: string) {
    this.#kept = kept;
    this.#home = home;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** `key` null: the state of the node with that name. */
  take<Some extends object>(kind: string, key: string | null, node: string, make: () => Some): Some {
    const id = JSON.stringify(key === null ? [kind, this.#home, node] : [kind, key]);
    let kept = this.#kept.get(id);
    // The nodes of a large graph are compiled one by one, perhaps after it was replaced.
    if (this.#isReleased) return kept === undefined ? unheld(make()) : (kept.state as Some); // of one kind
    if (kept === undefined) {
      kept = { state: make(), holders: 0 };
      this.#kept.set(id, kept);
    }
    if (!this.#keys.has(id)) kept.holders++;
    this.#keys.add(id);
    return kept.state as Some; // states of one kind are of one type
  }

  /** The graph is no longer in force. States that nobody else holds go. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const id of this.#keys) {
      const kept = this.#kept.get(id);
      if (kept === undefined || --kept.holders > 0) continue;
      this.#kept.delete(id);
      kept.state.close?.();
    }
    this.#keys.clear();
  }
}

/** A state that nobody will release: what it has begun ends here. */
function unheld<Some extends State>(state: Some): Some {
  state.close?.();
  return state;
}
