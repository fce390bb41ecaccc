import type { Entry } from '../store/store.ts';
import { DigestHistory } from './digest-history.ts';
import { Digest } from './digest.ts';
import { Fingerprints } from './fingerprints.ts';

/**
 * Digests of what the store holds: of the values by directory, of the revisions at which they were written, and of both at the last
 * revisions. What the first load brings is hashed when it is asked for: it is in force before that.
 */
export class StoredDigests {
  #prints = new Fingerprints();
  #writes = new Digest();
  readonly #history = new DigestHistory();
  /** The first load, not hashed yet. */
  #first: FirstLoad | null = null;

  /** The first load. Whoever changes its entries says so before. */
  begin(first: FirstLoad): void {
    this.#first = first;
  }

  get prints(): Fingerprints {
    this.#hashFirst();
    return this.#prints;
  }

  /** An entry is about to become another. */
  change(key: string, before: Entry | undefined, after: Entry | null): void {
    this.prints.move(key, before?.value ?? null, after?.value ?? null);
    if (before !== undefined) this.#writes.remove(key, String(before.revision));
    if (after !== null) this.#writes.add(key, String(after.revision));
  }

  /** After another load, of which `prints` knows. `isContinued`: its revisions continue those before. */
  rewrite(entries: Iterable<Entry>, isContinued: boolean): void {
    this.#writes = writesOf(entries);
    if (!isContinued) this.#history.clear();
  }

  /** What is known is what the store held at a revision; or it is not, nor what it held at any other. */
  note(revision: number, isKnown: boolean): void {
    this.#history.note(revision, isKnown ? this.prints.text(null) + this.#writes.value : null);
  }

  /** Whether the store held this at that revision; null: it is not known, or not any more. */
  agree(revision: number, entries: readonly Entry[]): boolean | null {
    this.#hashFirst();
    const known = this.#history.at(revision);
    if (known === null) return null;
    return known === printsOf(entries).text(null) + writesOf(entries).value;
  }

  #hashFirst(): void {
    const first = this.#first;
    if (first === null) return;
    const { entries, revision, isKnown } = first;
    this.#first = null;
    this.#prints = printsOf(entries.values());
    this.#writes = writesOf(entries.values());
    this.note(revision, isKnown);
  }
}

interface FirstLoad {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly revision: number;
  /** As in `note`. */
  readonly isKnown: boolean;
}

function printsOf(entries: Iterable<Entry>): Fingerprints {
  const prints = new Fingerprints();
  for (const { key, value } of entries) prints.move(key, null, value);
  return prints;
}

/** When each key was written last. */
function writesOf(entries: Iterable<Entry>): Digest {
  const digest = new Digest();
  for (const { key, revision } of entries) digest.add(key, String(revision));
  return digest;
}
