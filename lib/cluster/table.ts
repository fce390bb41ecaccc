import type { TableChange } from '../change.ts';

/**
 * The table every worker should have, as the last change of each key. It only exists to be sent whole to workers that start
 * later, so a change costs one map entry.
 */
export class Table {
  readonly #last = new Map<string, TableChange>();

  apply(changes: readonly TableChange[]): void {
    for (const change of changes) {
      const key = `${change.kind === 'upstream' ? 'upstream' : 'domain'}:${change.name}`;
      if (isRemoval(change)) this.#last.delete(key);
      else this.#last.set(key, change);
    }
  }

  /** Changes that make an empty table this one. */
  whole(): readonly TableChange[] {
    return [...this.#last.values()];
  }
}

function isRemoval(change: TableChange): boolean {
  switch (change.kind) {
    case 'domain':
      return change.graph === null;
    case 'upstream':
      return change.servers === null;
    case 'bad-domain':
      return false;
  }
}
