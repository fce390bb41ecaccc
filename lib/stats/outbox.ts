/** What gathers between two reports and is handed over piece by piece, while more gathers for the next. */
export class Outbox<Item> {
  #gathered: Item[] = [];
  #leaving: Item[] = [];

  /** Everything that is here. */
  get size(): number {
    return this.#gathered.length + this.#leaving.length;
  }

  add(item: Item): void {
    this.#gathered.push(item);
  }

  /** What is here leaves with this report; what comes from now on, with the next. */
  close(): void {
    const left = this.#leaving;
    this.#leaving = left.length === 0 ? this.#gathered : left.concat(this.#gathered);
    this.#gathered = [];
  }

  /** At most so many of those that leave, the oldest first. */
  take(most: number): readonly Item[] {
    return this.#leaving.splice(0, most);
  }
}
