import { Digest } from './digest.ts';

/**
 * Digests of what keys hold, by directory (`rules`, `upstreams`, ...): the same keys and values have the same digest, in whatever
 * order and by whatever way they came to be. A changed key costs its own length.
 */
export class Fingerprints {
  readonly #digests = new Map<string, Digest>();

  constructor(like?: Fingerprints) {
    if (like === undefined) return;
    for (const [directory, digest] of like.#digests) this.#of(directory).join(digest);
  }

  /** A key has changed; null: absent. */
  move(key: string, before: string | null, after: string | null): void {
    if (before === after) return;
    const digest = this.#of(directoryOf(key));
    if (before !== null) digest.remove(key, before);
    if (after !== null) digest.add(key, after);
  }

  /** Of one directory, or of everything. Begins with a letter. */
  text(directory: string | null): string {
    const sum = new Digest();
    for (const [name, digest] of this.#digests) if (directory === null || directory === name) sum.join(digest);
    return `h${sum.value}`;
  }

  #of(directory: string): Digest {
    let digest = this.#digests.get(directory);
    if (digest === undefined) {
      digest = new Digest();
      this.#digests.set(directory, digest);
    }
    return digest;
  }
}

/** `rules` of `rules/a.test`. */
export function directoryOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}
