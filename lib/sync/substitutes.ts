import type { Substitute } from '../store/image.ts';
import type { Items } from './items.ts';
import type { View } from './view.ts';

/** What is in force instead of entries that are not, as an image says it; and whether that is different from what was kept last. */
export class Substitutes {
  readonly #items: Items;
  readonly #view: View;
  #kept: readonly Substitute[] = [];

  constructor(items: Items, view: View) {
    this.#items = items;
    this.#view = view;
  }

  /** All of them, to be kept. */
  take(now: number): readonly Substitute[] {
    this.#kept = this.#now(now);
    return this.#kept;
  }

  /** The same; null: they are those that were kept last. `released`: keys of the latter that are in force now, and were checked. */
  takeNews(now: number): { readonly all: readonly Substitute[] | null; readonly released: readonly string[] } {
    const before = this.#kept;
    const all = this.take(now);
    if (all.length === before.length && all.every((one, i) => isSame(one, before[i])))
      return { all: null, released: [] };
    const keys = new Set(all.map(({ key }) => key));
    return { all, released: before.map(({ key }) => key).filter((key) => !keys.has(key)) };
  }

  #now(now: number): readonly Substitute[] {
    const { rejected, held } = this.#items.reports;
    const since = new Map(Array.from([...rejected, ...held], ([key, why]) => [key, why.since]));
    const substitutes = Array.from(since, ([key, at]) => ({ key, lastGood: this.#items.inForce(key), since: at }));
    const { overlaid } = this.#view;
    if (overlaid.size === 0) return substitutes;
    // What was changed here does not outlive the process, and what it has set aside was perhaps never checked.
    const before = new Map(this.#kept.map((one) => [one.key, one.since]));
    const others = substitutes.filter(({ key }) => !overlaid.has(key));
    const unchecked = Array.from(overlaid.keys(), (key) => ({ key, lastGood: null, since: before.get(key) ?? now }));
    return [...others, ...unchecked];
  }
}

function isSame(one: Substitute, other: Substitute | undefined): boolean {
  return one.key === other?.key && one.lastGood === other.lastGood && one.since === other.since;
}
