import { hashText } from './hash.ts';

/**
 * A map from very many texts that stay. A Map would do, but V8 puts each text that is a key of one into its table of unique strings, and
 * walks all of that in the pause that ends a full collection: with a hundred thousand names, half of the pause. And a large Map is made
 * anew at once when it grows; here that is the matter of one part in many. Looking up costs the same.
 *
 * For texts that documents have: who chooses them can make look-ups of his own slow.
 */
export class TextMap<Value> {
  readonly #parts: readonly Map<number, Slot<Value>>[] = Array.from({ length: PARTS }, () => new Map());

  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    const hash = hashOf(key);
    let slot = this.#partOf(hash).get(hash) ?? null;
    while (slot !== null && slot.key !== key) slot = slot.next;
    return slot?.value;
  }

  set(key: string, value: Value): void {
    const hash = hashOf(key);
    const part = this.#partOf(hash);
    const first = part.get(hash) ?? null;
    for (let slot = first; slot !== null; slot = slot.next) {
      if (slot.key !== key) continue;
      slot.value = value;
      return;
    }
    part.set(hash, { key, value, next: first });
    this.#size++;
  }

  /** Puts a value where there is none; answers what is there already. */
  add(key: string, value: Value): Value | undefined {
    const hash = hashOf(key);
    const part = this.#partOf(hash);
    const first = part.get(hash) ?? null;
    for (let slot = first; slot !== null; slot = slot.next) if (slot.key === key) return slot.value;
    part.set(hash, { key, value, next: first });
    this.#size++;
    return undefined;
  }

  delete(key: string): void {
    const hash = hashOf(key);
    const part = this.#partOf(hash);
    let before: Slot<Value> | null = null;
    for (let slot = part.get(hash) ?? null; slot !== null; before = slot, slot = slot.next) {
      if (slot.key !== key) continue;
      if (before !== null) before.next = slot.next;
      else if (slot.next !== null) part.set(hash, slot.next);
      else part.delete(hash);
      this.#size--;
      return;
    }
  }

  *values(): Generator<Value, void> {
    for (const part of this.#parts) {
      for (const first of part.values()) {
        for (let slot: Slot<Value> | null = first; slot !== null; slot = slot.next) yield slot.value;
      }
    }
  }

  #partOf(hash: number): Map<number, Slot<Value>> {
    return this.#parts[hash & (PARTS - 1)] as Map<number, Slot<Value>>; // there are as many as that has values
  }
}

/** A text, and others that have the same hash. */
interface Slot<Value> {
  readonly key: string;
  value: Value;
  next: Slot<Value> | null;
}

/** A small integer to V8. */
function hashOf(key: string): number {
  return hashText(key) | 0;
}

/** A power of two. */
const PARTS = 64;
