import { isRemoval, isSameChange, removalOf } from './change.ts';
import type { TableChange } from './change.ts';

/**
 * The table every worker should have, as the last change of each item. It is there to be compared, and to be sent whole to
 * workers that start later, so a change costs one map entry.
 */
export class Table {
  /** By kind and name. What is needed before other items comes first. */
  readonly #items: Readonly<Record<Item, Map<string, TableChange>>> = {
    tickets: new Map(),
    tls: new Map(),
    challenge: new Map(),
    certificate: new Map(),
    options: new Map(),
    upstream: new Map(),
    graph: new Map(),
    domain: new Map(),
  };

  /** What is in force of the item that a change is about. */
  get(change: TableChange): TableChange | undefined {
    return this.#itemsOf(change).get(change.name);
  }

  /** False for what changes nothing. */
  put(change: TableChange): boolean {
    const items = this.#itemsOf(change);
    if (isRemoval(change)) return items.delete(change.name);
    if (this.#says(change)) return false;
    items.set(change.name, change);
    return true;
  }

  get isEmpty(): boolean {
    return Object.values(this.#items).every((items) => items.size === 0);
  }

  /** Items in force. */
  get sizes(): { readonly domains: number; readonly upstreams: number } {
    return { domains: this.#items.domain.size, upstreams: this.#items.upstream.size };
  }

  /** Changes that make an empty table this one. */
  whole(): readonly TableChange[] {
    return Object.values(this.#items).flatMap((items) => [...items.values()]);
  }

  /** Changes that make another table this one. */
  since(other: Table): readonly TableChange[] {
    const put = this.whole().filter((change) => !other.#says(change));
    const gone = other.whole().filter((change) => this.get(change) === undefined);
    return [...gone.map(removalOf), ...put];
  }

  /** Whether this is in force already. */
  #says(change: TableChange): boolean {
    const before = this.get(change);
    return before !== undefined && isSameChange(before, change);
  }

  #itemsOf(change: TableChange): Map<string, TableChange> {
    return this.#items[change.kind === 'bad-domain' ? 'domain' : change.kind];
  }
}

/** Two changes of an item's kind and name are about the same item. */
type Item = Exclude<TableChange['kind'], 'bad-domain'>;
