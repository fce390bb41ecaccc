import type { Entry } from '../store/store.ts';

/** The keys whose entry in the store is another one than was kept; a multitude of them is everything. */
export class Unkept {
  /** Null: everything. */
  #keys: Set<string> | null = null;

  add(key: string): void {
    if (this.#keys === null) return;
    if (this.#keys.size < MOST) this.#keys.add(key);
    else this.#keys = null;
  }

  addAll(): void {
    this.#keys = null;
  }

  /** All that is different where one state follows upon another. */
  compare(before: ReadonlyMap<string, Entry>, after: ReadonlyMap<string, Entry>): void {
    if (this.#keys === null) return;
    for (const [key, { revision, value }] of after) {
      const known = before.get(key);
      if (known?.revision !== revision || known.value !== value) this.add(key);
    }
    for (const key of before.keys()) if (!after.has(key)) this.add(key);
  }

  /** Null: everything is, and stays so until `keptAll`. */
  take(): ReadonlySet<string> | null {
    const keys = this.#keys;
    if (keys !== null) this.#keys = new Set();
    return keys;
  }

  keptAll(): void {
    this.#keys = new Set();
  }
}

const MOST = 10_000;
