import { hashText, mixBits } from '../../../lib/core/hash.ts';

/** Rendezvous hashing (D. Thaler, C. Ravishankar 1996), to compare with the ring: of all servers, the one that scores highest. */
export class Rendezvous {
  readonly #hashes: readonly number[];

  constructor(names: readonly string[]) {
    this.#hashes = names.map((name) => hashText(name));
  }

  pick(key: number): number {
    let best = 0;
    let highest = -1;
    for (let i = 0; i < this.#hashes.length; i++) {
      const score = mixBits(key ^ (this.#hashes[i] ?? 0));
      if (score > highest) {
        highest = score;
        best = i;
      }
    }
    return best;
  }
}
