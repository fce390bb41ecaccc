interface Record {
  readonly revision: number;
  /** Null: what was known then was the state of no single revision. */
  readonly digest: string | null;
}

/** Digests of the last revisions, so that a read of a moment ago can be compared with what was known at its revision. */
export class DigestHistory {
  #records: Record[] = [];

  /** From this revision on it is this digest. */
  note(revision: number, digest: string | null): void {
    const last = this.#records.at(-1);
    if (last?.digest === digest) return;
    if (last?.revision === revision) this.#records.pop();
    this.#records.push({ revision, digest });
    if (this.#records.length > 2 * MAX_RECORDS) this.#records = this.#records.slice(-MAX_RECORDS);
  }

  /** The digest at a revision that is not newer than what is known; null if that is not known, or not any more. */
  at(revision: number): string | null {
    return this.#records.findLast((record) => record.revision <= revision)?.digest ?? null;
  }

  /** Another history begins. */
  clear(): void {
    this.#records = [];
  }
}

/** More revisions than pass while a large store is read. */
const MAX_RECORDS = 5000;
