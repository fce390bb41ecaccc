import { number } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import { keyOf, orderOf, statHead, statRow, statsOf } from './stat-table.ts';
import type { Order, View } from './stat-table.ts';
import { textTable } from './text-table.ts';
import type { TableLook } from './text-table.ts';

/** Rates between two looks, and the rows of a view in its order: what a screen full of `top` shows. */
export class LiveView {
  view: View;
  order: Order = 'rate';
  #counts = new Map<string, number>();
  #at: number | null = null;
  /** By key; empty before the second look. */
  #rates: ReadonlyMap<string, number> = new Map();
  #stats: readonly Members[] = [];

  constructor(view: View) {
    this.view = view;
  }

  /** Takes an answer of `stats`, read at a moment in milliseconds. */
  take(body: Members, at: number): void {
    const counts = new Map<string, number>();
    const rates = new Map<string, number>();
    this.#stats = statsOf(this.view, body);
    for (const stat of this.#stats) {
      const key = keyOf(this.view, stat);
      const count = number(stat, 'count') ?? 0;
      counts.set(key, count);
      const before = this.#counts.get(key);
      // A counter that is smaller has begun anew.
      if (this.#at !== null && before !== undefined && count >= before && at > this.#at) {
        rates.set(key, ((count - before) * 1000) / (at - this.#at));
      }
    }
    this.#counts = counts;
    this.#rates = rates;
    this.#at = at;
  }

  /** Another view counts from its beginning. */
  turnTo(view: View): void {
    if (view === this.view) return;
    this.view = view;
    this.#counts.clear();
    this.#rates = new Map();
    this.#at = null;
    this.#stats = [];
  }

  table(maxRows: number, look: TableLook): string {
    const rows = this.#stats
      .map((stat) => ({ stat, now: this.#rates.get(keyOf(this.view, stat)) ?? null }))
      .toSorted((a, b) => orderOf(this.order, b.stat, b.now) - orderOf(this.order, a.stat, a.now))
      .slice(0, Math.max(0, maxRows))
      .map(({ stat, now }) => statRow(this.view, stat, now));
    return textTable(statHead(this.view, true), rows, { ...look, drops: true });
  }
}
