import type { ImageRecords } from './image-records.ts';

/** By key, where the newest record begins of what has changed since the base was written. */
export class ImageChanges {
  readonly #records: ImageRecords;
  readonly #newest = new Map<string, number>();
  /** Where a key of this hash may have changed: most have not, and are no texts yet. */
  #mayHave: Uint8Array | null = null;
  #left: MapIterator<number> | null = null;

  constructor(records: ImageRecords) {
    this.#records = records;
  }

  /** All of them, before any is taken. */
  put(at: number): void {
    this.#newest.set(this.#records.key(at), at);
  }

  /** The record that stands for one of the base; undefined: it is as it was. */
  take(at: number): number | undefined {
    if (this.#newest.size === 0) return undefined;
    this.#mayHave ??= this.#filter();
    if (this.#mayHave[this.#records.hash(at) & (this.#mayHave.length - 1)] === 0) return undefined;
    const key = this.#records.key(at);
    const newest = this.#newest.get(key);
    if (newest !== undefined) this.#newest.delete(key);
    return newest;
  }

  /** One that stands for none of the base, once all of that were asked for; undefined: there is none left. */
  takeAdded(): number | undefined {
    this.#left ??= this.#newest.values();
    return this.#left.next().value;
  }

  #filter(): Uint8Array {
    const bits = Math.ceil(Math.log2(this.#newest.size * PLACES));
    const filter = new Uint8Array(2 ** bits);
    for (const at of this.#newest.values()) filter[this.#records.hash(at) & (filter.length - 1)] = 1;
    return filter;
  }
}

/** For each key: of the others, one in so many is looked up for nothing. */
const PLACES = 8;
