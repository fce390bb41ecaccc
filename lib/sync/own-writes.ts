import type { Write } from '../store/store.ts';

/**
 * Writes of ours whose fate is not known: under way, or sent to a store that failed before it answered.
 *
 * They come back as news of the store, before or after their answer or without one, and must not be taken for somebody
 * else's.
 */
export class OwnWrites {
  readonly #writes = new Map<string, Write[]>();

  add(writes: readonly Write[]): void {
    for (const write of writes) {
      const others = this.#writes.get(write.key) ?? [];
      this.#writes.set(write.key, [...others, write]);
    }
  }

  /** Whether the key may yet be written by us. */
  has(key: string): boolean {
    return this.#writes.has(key);
  }

  /** Whether news of a key is a write of ours. `before`: revision that the key had, 0 for absent, null for unknown. */
  made(key: string, value: string | null, before: number | null): boolean {
    const writes = this.#writes.get(key) ?? [];
    return writes.some((write) => write.value === value && (before === null || write.expected === before));
  }

  /** A write was answered, or refused. */
  settle(write: Write): void {
    this.#keep(write.key, (other) => other !== write);
  }

  /** The key was told to hold the value: writes of it have come to their end. */
  told(key: string, value: string | null): void {
    this.#keep(key, (write) => write.value !== value);
  }

  clear(): void {
    this.#writes.clear();
  }

  #keep(key: string, isKept: (write: Write) => boolean): void {
    const left = (this.#writes.get(key) ?? []).filter(isKept);
    if (left.length === 0) this.#writes.delete(key);
    else this.#writes.set(key, left);
  }
}
