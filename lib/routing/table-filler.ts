import { Domain, type GraphWorld } from './domain.ts';
import { DomainTable } from './domain-table.ts';

/** Puts documents that have passed their check into a table, and drafts of it: what it will probably be, and is not yet. */
export class TableFiller {
  readonly #table: DomainTable;
  readonly #world: GraphWorld;
  /** Null: nothing is drafted. An empty table is not for nothing: one would be made and thrown away with each change. */
  #draft: DomainTable | null = null;

  constructor(table: DomainTable, world: GraphWorld) {
    this.#table = table;
    this.#world = world;
  }

  /** Null: there is none of that name. */
  put(name: string, document: string | null): void {
    if (document !== null) {
      this.#put(new Domain(name, document, this.#world));
      return;
    }
    const former = this.#table.spelled(name);
    this.#table.delete(name);
    if (former instanceof Domain) former.close();
  }

  /** There is no good document of that name. */
  putBad(name: string, fault: number): void {
    this.put(name, null);
    this.#table.set({ name, graph: null, fault });
  }

  /** False for the removal of a document, which nothing is made ready for. */
  draft(name: string, document: string | null): boolean {
    if (document === null) return false;
    this.#draft ??= new DomainTable();
    this.#draft.set(new Domain(name, document, this.#world));
    return true;
  }

  /** Puts all that was drafted into the table, which costs nothing where that is empty, or forgets it. */
  endDraft(isTaken: boolean): void {
    const draft = this.#draft;
    this.#draft = null;
    if (!isTaken || draft === null) return;
    if (this.#table.isEmpty) this.#table.adopt(draft);
    else for (const domain of draft.entries()) if (domain instanceof Domain) this.#put(domain);
  }

  /** Opens a few graphs, so that the first requests do not wait for the code that does it to be compiled: some milliseconds. */
  openSome(): void {
    let left = OPENED_AT_ONCE;
    for (const domain of this.#table.entries()) {
      if (left-- === 0) break;
      void domain.graph;
    }
  }

  #put(domain: Domain): void {
    const former = this.#table.set(domain);
    domain.succeed(former instanceof Domain ? former : null);
  }
}

/** Most tables use the same few rules again and again. */
const OPENED_AT_ONCE = 4;
