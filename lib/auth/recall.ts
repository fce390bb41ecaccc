interface Kept<Value> {
  readonly value: Value;
  /** By the clock, in milliseconds. */
  readonly until: number;
}

/**
 * What credentials that were presented a moment ago came to, found by their very text: a client that comes again and again with the
 * same ones costs one lookup, where a keyed digest of them (see `Verified`) costs a microsecond or two.
 *
 *     presented ---> young (10 s) ---> old (10 s more) ---> forgotten
 *                      ^                |
 *                      +----------------+ presented again
 *
 * Only credentials that were right are put here, so nobody fills it who has none. A text is held for as long as it is in use and twenty
 * seconds longer at most, and never beyond `until`; as many texts, and characters of them, as the bounds say.
 *
 * Time tells nobody a secret: a text is looked up by a hash of the whole of it, with a seed of this process, and is compared only with
 * texts of the same hash.
 */
export class Recall<Value> {
  readonly #clock: () => number;
  #young = new Map<string, Kept<Value>>();
  #old = new Map<string, Kept<Value>>();
  #chars = 0;
  #turnAt = -Infinity;

  /** `clock`: milliseconds, never going back, and not behind the truth by more than `LAG_MS`. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Number of texts. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** What a text came to, if that is known and still holds; else undefined. */
  get(text: string): Value | undefined {
    const now = this.#clock();
    if (now >= this.#turnAt) this.#turn(now);
    const kept = this.#young.get(text) ?? this.#again(text);
    return kept !== undefined && kept.until > now ? kept.value : undefined;
  }

  put(text: string, value: Value, until: number): void {
    const now = this.#clock();
    if (until - LAG_MS <= now || text.length > MAX_CHARS / 4) return;
    if (now >= this.#turnAt) this.#turn(now);
    this.#hold(copied(text), { value, until: until - LAG_MS });
  }

  /** A text of the last period is one of this period. */
  #again(text: string): Kept<Value> | undefined {
    const kept = this.#old.get(text);
    if (kept === undefined) return undefined;
    this.#old.delete(text);
    this.#hold(copied(text), kept);
    return kept;
  }

  #hold(text: string, kept: Kept<Value>): void {
    if (this.#young.size >= MAX_TEXTS || this.#chars + text.length > MAX_CHARS) this.#age();
    if (!this.#young.has(text)) this.#chars += text.length;
    this.#young.set(text, kept);
  }

  /** The present period is over, and the one after it, if nobody has asked for so long. */
  #turn(now: number): void {
    this.#age();
    if (now >= this.#turnAt + PERIOD_MS) this.#old.clear();
    this.#turnAt = now + PERIOD_MS;
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#chars = 0;
  }
}

/** A text of its own: the one that is presented is a part of its head, and would hold on to that. */
function copied(text: string): string {
  return Buffer.from(text, 'latin1').latin1Slice();
}

/** Of each of the two periods. */
const MAX_TEXTS = 2000;
const MAX_CHARS = 1_048_576;
const PERIOD_MS = 10_000;
/** Two ticks of a worker's clock. */
const LAG_MS = 100;
