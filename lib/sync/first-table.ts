import type { TableChange } from '../change.ts';
import type { Image } from '../store/image.ts';
import type { Rejection } from './reports.ts';
import { placeOf } from './keys.ts';
import { ServerLists } from './server-lists.ts';

/**
 * The table that a start from an image leads to, where that can be told without the checks and the secrets of a control plane. It can
 * where everything in the image was in force and has passed its check, no server has a name that is to be resolved, and nothing is
 * sealed. Then a worker that reads the image itself has the very table that its primary is going to hand out.
 */
export class FirstTable {
  readonly #rejected = new Map<string, Rejection>();
  readonly #lists = new ServerLists(this.#rejected);
  readonly #documents: TableChange[] = [];

  /** Takes an entry; false: there is no telling any more. `isChecked`: it has passed the check that it would have to pass now. */
  put(key: string, value: string, isChecked: boolean): boolean {
    const place = placeOf(key);
    if (place === null) return true;
    if (place.kind === 'server') {
      return this.#lists.update(place.upstream, place.server, value, 0).length === 0 && this.#rejected.size === 0;
    }
    const { of: kind, name } = place;
    if (kind === 'certificate' || kind === 'challenge' || !isChecked) return false;
    this.#documents.push({ kind, name, document: value });
    return true;
  }

  changes(): readonly TableChange[] {
    return [...this.#lists.names.map((name) => this.#lists.change(name)), ...this.#documents];
  }
}

/** Of an image that was read; null: it cannot be told. */
export function firstTable({ entries, substitutes, needsOf }: Image): readonly TableChange[] | null {
  const table = new FirstTable();
  const isTold = entries.every(({ key, value }) => table.put(key, value, needsOf(key, value) !== null));
  return isTold && substitutes.length === 0 ? table.changes() : null;
}
