import { hash } from 'node:crypto';

/**
 * Hashes of what keys hold, by directory (`rules`, `upstreams`, ...): the same keys and values have the same hash, in whatever
 * order and by whatever way they came to be. A changed key costs its own length.
 */
export class Fingerprints {
  readonly #sums: Map<string, bigint>;

  constructor(like?: Fingerprints) {
    this.#sums = new Map(like === undefined ? [] : like.#sums);
  }

  /** A key has changed; null: absent. */
  move(key: string, before: string | null, after: string | null): void {
    if (before === after) return;
    const directory = directoryOf(key);
    const gone = before === null ? 0n : hashOf(key, before);
    const come = after === null ? 0n : hashOf(key, after);
    this.#sums.set(directory, BigInt.asUintN(64, (this.#sums.get(directory) ?? 0n) - gone + come));
  }

  /** Of one directory, or of everything. Begins with a letter. */
  text(directory: string | null): string {
    const sums = directory === null ? [...this.#sums.values()] : [this.#sums.get(directory) ?? 0n];
    const sum = sums.reduce((all, one) => all + one, 0n);
    return `h${BigInt.asUintN(64, sum).toString(16).padStart(16, '0')}`;
  }
}

/** `rules` of `rules/a.test`. */
export function directoryOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}

function hashOf(key: string, value: string): bigint {
  return hash('sha1', `${key}\0${value}`, 'buffer').readBigUInt64LE(0);
}
