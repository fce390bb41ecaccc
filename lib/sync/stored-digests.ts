import type { Entry } from '../store/store.ts';
import { DigestHistory } from './digest-history.ts';
import { Digest } from './digest.ts';
import { Fingerprints } from './fingerprints.ts';

/**
 * Digests of what the store holds: of the values by directory, of the revisions at which they were written, and of both at the last
 * revisions. What the first load brings is hashed piece by piece (`hashSome`), or when somebody asks: it is in force before that, and what
 * changes meanwhile does not wait for it. A digest is a sum, so that it does not matter what is added first.
 */
export class StoredDigests {
  #prints = new Fingerprints();
  #writes = new Digest();
  readonly #history = new DigestHistory();
  /** The first load while it is not hashed, of which so many are. */
  #first: { readonly entries: readonly Entry[]; hashed: number } | null = null;
  /** What was noted while it was not. */
  #noted: Noted | null = null;

  /** The first load: what the store held at a revision, if that is known. */
  begin(entries: readonly Entry[], noted: Noted): void {
    this.#first = { entries, hashed: 0 };
    this.#noted = noted;
  }

  /** Hashes at most so many entries of the first load. */
  hashSome(most: number): void {
    const first = this.#first;
    if (first === null) return;
    const end = Math.min(first.entries.length, first.hashed + most);
    for (const { key, value, revision } of first.entries.slice(first.hashed, end)) {
      this.#prints.move(key, null, value);
      this.#writes.add(key, String(revision));
    }
    first.hashed = end;
    if (end < first.entries.length) return;
    this.#first = null;
    if (this.#noted !== null) this.note(this.#noted.revision, this.#noted.isKnown);
  }

  get isHashed(): boolean {
    return this.#first === null;
  }

  get prints(): Fingerprints {
    this.hashSome(Infinity);
    return this.#prints;
  }

  /** An entry is about to become another. */
  change(key: string, before: Entry | undefined, after: Entry | null): void {
    this.#prints.move(key, before?.value ?? null, after?.value ?? null);
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
    if (this.#first !== null) this.#noted = { revision, isKnown };
    else this.#history.note(revision, isKnown ? this.#prints.text(null) + this.#writes.value : null);
  }

  /** Whether the store held this at that revision; null: it is not known, or not any more. */
  agree(revision: number, entries: readonly Entry[]): boolean | null {
    this.hashSome(Infinity);
    const known = this.#history.at(revision);
    if (known === null) return null;
    return known === printsOf(entries).text(null) + writesOf(entries).value;
  }
}

interface Noted {
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
