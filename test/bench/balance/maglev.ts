import { hashText, mixBits } from '../../../lib/core/hash.ts';

/**
 * Maglev hashing (D. Eisenbud et al. 2016), to compare with the ring: servers take turns in claiming slots of a table, each in an
 * order of its own. Even shares and one look per key, but a change moves some slots between servers that stay.
 */
export class Maglev {
  readonly #table = new Int32Array(SLOTS).fill(-1);

  constructor(names: readonly string[]) {
    const offsets = names.map((name) => hashText(name) % SLOTS);
    const skips = names.map((name) => 1 + (mixBits(hashText(`${name}#`)) % (SLOTS - 1)));
    const next = names.map(() => 0);
    for (let filled = 0; filled < SLOTS;) {
      for (let i = 0; i < names.length && filled < SLOTS; i++) {
        let slot = 0;
        do slot = ((offsets[i] ?? 0) + (next[i] ?? 0) * (skips[i] ?? 0)) % SLOTS;
        while (this.#table[slot] !== -1 && (next[i] = (next[i] ?? 0) + 1) > 0);
        this.#table[slot] = i;
        filled++;
      }
    }
  }

  pick(key: number): number {
    return this.#table[key % SLOTS] ?? 0;
  }
}

/** A prime; a hundred times as many as there are servers at most. */
const SLOTS = 100_003;
