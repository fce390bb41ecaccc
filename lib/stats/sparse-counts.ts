/**
 * Counts by a whole number. Most have few different ones, and there is one of these for every domain that was asked for since the last
 * report: they stand side by side as they are sent, and only many are in a Map.
 */
export class SparseCounts {
  /** Pairs of number and count, by `countInPairs`. */
  #pairs: number[] | null = null;
  /** Instead of them. */
  #many: Map<number, number> | null = null;

  add(number: number): void {
    const many = this.#many;
    if (many !== null) many.set(number, (many.get(number) ?? 0) + 1);
    else if (this.#pairs === null) this.#pairs = [number, 1];
    else if (!countInPairs(this.#pairs, number, 1)) this.#spread(this.#pairs, number);
  }

  /** Pairs of number and count. Forgets them here. */
  take(): readonly number[] {
    const taken = this.#many === null ? this.#pairs : [...this.#many].flat();
    this.#pairs = null;
    this.#many = null;
    return taken ?? [];
  }

  #spread(pairs: readonly number[], number: number): void {
    const many = new Map([[number, 1]]);
    for (let i = 0; i < pairs.length; i += 2) many.set(pairs[i] ?? 0, pairs[i + 1] ?? 0);
    this.#many = many;
    this.#pairs = null;
  }
}

/**
 * Counts so many of a number in pairs of number and count that are in ascending order. False where it is one number too many: nothing
 * is changed then.
 */
export function countInPairs(pairs: number[], number: number, count: number): boolean {
  let at = 0;
  while (at < pairs.length && (pairs[at] ?? 0) < number) at += 2;
  if (pairs[at] === number) {
    pairs[at + 1] = (pairs[at + 1] ?? 0) + count;
    return true;
  }
  if (pairs.length >= MOST) return false;
  pairs.push(0, 0);
  pairs.copyWithin(at + 2, at);
  pairs[at] = number;
  pairs[at + 1] = count;
  return true;
}

/** Length of the pairs of so many numbers that looking through them is as quick as anything. */
const MOST = 2 * 12;
