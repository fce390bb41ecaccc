/**
 * The most frequent of many things, in bounded memory (Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k
 * Elements in Data Streams", 2005). What is new takes the place of the rarest one and its count: counts are too high by at most
 * `over`, never too low, and whatever makes up more than one part in `size` of all is among them.
 */
export class SpaceSaving<Value> {
  readonly #size: number;
  readonly #make: () => Value;
  readonly #drop: (value: Value) => void;
  readonly #entries = new Map<string, Entry<Value>>();

  /** `drop` is told what is no longer kept. */
  constructor(size: number, make: () => Value, drop: (value: Value) => void) {
    this.#size = size;
    this.#make = make;
    this.#drop = drop;
  }

  /** Counts; answers what is kept beside the count. */
  add(name: string, weight: number): Value {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      const over = this.#entries.size < this.#size ? 0 : this.#dropRarest();
      entry = { name, count: over, over, value: this.#make() };
      this.#entries.set(name, entry);
    }
    entry.count += weight;
    return entry.value;
  }

  /** Forgets a part of the past, so that what is frequent now comes up. */
  age(share: number): void {
    for (const [name, entry] of this.#entries) {
      entry.count *= share;
      entry.over *= share;
      if (entry.count >= 0.5) continue;
      this.#entries.delete(name);
      this.#drop(entry.value);
    }
  }

  /** The most frequent first. */
  top(): readonly Readonly<Entry<Value>>[] {
    return [...this.#entries.values()].toSorted((a, b) => b.count - a.count);
  }

  #dropRarest(): number {
    let rarest: Entry<Value> | null = null;
    for (const entry of this.#entries.values()) if (rarest === null || entry.count < rarest.count) rarest = entry;
    if (rarest === null) return 0;
    this.#entries.delete(rarest.name);
    this.#drop(rarest.value);
    return rarest.count;
  }
}

interface Entry<Value> {
  readonly name: string;
  count: number;
  over: number;
  readonly value: Value;
}
