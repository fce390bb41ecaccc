import { isRemoval } from '../change.ts';
import type { TableChange } from '../change.ts';

/**
 * The table every worker should have, as the last change of each item. It only exists to be sent whole to workers that start
 * later, so a change costs one map entry.
 */
export class Table {
  readonly #domains = new Map<string, TableChange>();
  readonly #upstreams = new Map<string, TableChange>();

  apply(changes: readonly TableChange[]): void {
    for (const change of changes) {
      const items = change.kind === 'upstream' ? this.#upstreams : this.#domains;
      if (isRemoval(change)) items.delete(change.name);
      else items.set(change.name, change);
    }
  }

  /** Changes that make an empty table this one. */
  whole(): readonly TableChange[] {
    return [...this.#upstreams.values(), ...this.#domains.values()];
  }
}
