import { monotonicMs } from '../core/clock.ts';
import { createHmac, randomBytes } from 'node:crypto';

/** What is remembered, and until when, by the clock of its table in milliseconds. */
export interface Entry<Result> {
  readonly result: Result;
  readonly until: number;
}

/** A result, and how long it holds in milliseconds; 0: for those who wait for it only. */
export interface Found<Result> {
  readonly result: Result;
  readonly forMs: number;
}

/**
 * What was found out about credentials, so that it is not found out again for every request: at most `maxEntries`, the oldest ones
 * going first, and none of the credentials themselves. An entry's key is a digest keyed by a secret of this process: who reads its
 * memory learns no password by it, and nobody can make two credentials meet. Requests that ask for the same at the same time
 * wait for one answer.
 */
export class Verified<Result> {
  readonly maxEntries: number;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Entry<Result>>();
  readonly #asked = new Map<string, Promise<Result>>();

  constructor(maxEntries = MAX_ENTRIES, clock: () => number = monotonicMs) {
    this.maxEntries = maxEntries;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many are being found out. */
  get pending(): number {
    return this.#asked.size;
  }

  /** The key of credentials that have these parts. */
  key(...parts: readonly string[]): string {
    const hmac = createHmac('sha256', SECRET);
    // Lengths in front: no two lists of parts are one text.
    for (const part of parts) hmac.update(`${part.length}:${part}`, 'utf8');
    return hmac.digest('latin1');
  }

  /** What is known, or undefined. */
  get(key: string): Result | undefined {
    return this.entry(key)?.result;
  }

  /** The same, with the moment until which it holds. */
  entry(key: string): Entry<Result> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until > this.#clock()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** What is found out by `find`, unless somebody does already; it is known from then on. Rejected with what `find` is rejected with. */
  find(key: string, find: () => Promise<Found<Result>>): Promise<Result> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const promise = find()
      .then(({ result, forMs }) => {
        this.put(key, result, forMs);
        return result;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, promise);
    return promise;
  }

  put(key: string, result: Result, forMs: number): void {
    if (forMs <= 0) return;
    this.#entries.delete(key);
    if (this.#entries.size >= this.maxEntries) this.#dropOldest();
    this.#entries.set(key, { result, until: this.#clock() + forMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}

const SECRET = randomBytes(32);
const MAX_ENTRIES = 10_000;
