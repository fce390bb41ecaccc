import type { PlaceQuestion } from '../core/shared-places.ts';
import type { HeldPlace } from './place-line.ts';

/** How many requests of all workers of an instance are under way, in their primary. What has no requests is not held. */
export class InstancePlaces {
  readonly #counts = new Map<string, number>();
  /** The same of each worker: what one that is gone has held is free. */
  readonly #held = new Map<number, Map<string, number>>();

  /** Number of counts. */
  get size(): number {
    return this.#counts.size;
  }

  /** Takes a place for a worker, if there is one. */
  enter(worker: number, { limit, value, max }: PlaceQuestion): boolean {
    const key = keyOf({ limit, value });
    if ((this.#counts.get(key) ?? 0) >= max) return false;
    const held = this.#held.get(worker) ?? new Map<string, number>();
    this.#held.set(worker, held);
    add(this.#counts, key, 1);
    add(held, key, 1);
    return true;
  }

  leave(worker: number, place: HeldPlace): void {
    const key = keyOf(place);
    const held = this.#held.get(worker);
    if (held?.has(key) !== true) return;
    add(held, key, -1);
    add(this.#counts, key, -1);
  }

  /** A worker is gone. */
  gone(worker: number): void {
    for (const [key, count] of this.#held.get(worker) ?? []) add(this.#counts, key, -count);
    this.#held.delete(worker);
  }
}

function keyOf({ limit, value }: HeldPlace): string {
  return `${limit} ${value}`;
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
