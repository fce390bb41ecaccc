import type { Change, Entry } from './store.ts';

/**
 * The last thing that is known of a store's history, to be asked for again before more of that history is believed. A store that was
 * restored from a backup may have gone on to a revision beyond ours before anybody looks: its revisions and its identity say
 * nothing then, but it does not know what we were told after that backup was made.
 */
export class Witness {
  #key: string | null = null;
  #revision = 0;
  #isGone = false;

  /** Null where nothing is known. */
  get key(): string | null {
    return this.#key;
  }

  /** At which it was told. */
  get revision(): number {
    return this.#revision;
  }

  /** Of the key's last write, as it must be found; 0 where it must not be there. */
  get found(): number {
    return this.#isGone ? 0 : this.#revision;
  }

  /** Everything was read. */
  read(entries: readonly Entry[]): void {
    this.#key = null;
    this.#revision = 0;
    this.#isGone = false;
    for (const { key, revision } of entries) {
      if (revision <= this.#revision) continue;
      this.#key = key;
      this.#revision = revision;
    }
  }

  /** Changes of one revision were told. */
  hear(changes: readonly Change[]): void {
    const last = changes.at(-1);
    // What a read has overtaken says nothing about the revision of that read.
    if (last === undefined || last.revision <= this.#revision) return;
    this.#key = last.key;
    this.#revision = last.revision;
    this.#isGone = last.value === null;
  }
}
