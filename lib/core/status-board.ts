/** What one part of the program knows of itself: a section of `GET /__erulb__/status`. */
export interface StatusSection {
  /** Key of the section. */
  readonly name: string;
  /** Plain data for JSON, read anew for each call. Keys in snake case, seconds as `_s`, moments as RFC 3339. */
  read(): unknown;
  /** Why this instance should get no traffic now; null: for no reason of this part's. */
  unready?(): string | null;
}

/** Where the parts of the program offer their sections, so that none of them, nor who asks, has to know the others. */
export class StatusBoard {
  readonly #sections = new Map<string, StatusSection>();

  offer(section: StatusSection): void {
    if (this.#sections.has(section.name)) throw new Error(`there is a section ${section.name} already`);
    this.#sections.set(section.name, section);
  }

  /** All sections, in the order in which they were offered. */
  read(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Array.from(this.#sections, ([name, section]) => [name, section.read()]));
  }

  /** Why this instance should get no traffic now, or null. */
  get unready(): string | null {
    const reasons = [...this.#sections.values()].map((section) => section.unready?.() ?? null);
    return reasons.find((reason) => reason !== null) ?? null;
  }
}
