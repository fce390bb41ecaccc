import type { Seal } from '../core/seal.ts';
import { OWN, StoreError, type Store } from '../store/store.ts';

/**
 * A value that all instances of a store share, kept among the program's own keys as JSON, sealed where there is a secret. It is
 * changed only as it was read: whoever is later reads again.
 */
export class OwnRecord<Value> {
  readonly #store: Store;
  readonly #seal: Seal;
  readonly #key: string;

  constructor(store: Store, seal: Seal, name: string) {
    this.#store = store;
    this.#seal = seal;
    this.#key = OWN + name;
  }

  /** Null: it is not there, or cannot be opened any more. Throws StoreError. */
  async read(): Promise<Value | null> {
    const [entry] = await this.#entries();
    if (entry === undefined) return null;
    try {
      // Nobody else writes there.
      return JSON.parse(this.#seal.open(entry.value, this.#key)) as Value;
    } catch {
      return null;
    }
  }

  /**
   * Makes a new value of the present one; null from `change` leaves it. Resolves with what is there then. Throws StoreError.
   */
  async update(change: (value: Value | null) => Value | null): Promise<Value | null> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const [entry] = await this.#entries();
      const before = await this.read();
      const after = change(before);
      if (after === null) return before;
      const value = this.#seal.seal(JSON.stringify(after), this.#key);
      const written = await this.#store.write([{ key: this.#key, value, expected: entry?.revision ?? 0 }]);
      if (written !== null) return after;
    }
    throw new StoreError(`${this.#store.label} was changed by others all the time while it was written`);
  }

  async #entries(): Promise<readonly { readonly value: string; readonly revision: number }[]> {
    const { own, label } = this.#store;
    if (own === undefined) throw new StoreError(`${label} has no place for it`);
    return (await own.list(this.#key)).filter(({ key }) => key === this.#key);
  }
}

const MAX_TRIES = 8;
