import type { Kept } from './messages.ts';

/** What primaries leave to each other, in the memory of a process that outlives them. */
export class Estate {
  readonly #sections = new Map<string, Map<string, Kept>>();

  keep(kept: Kept): void {
    let section = this.#sections.get(kept.section);
    if (section === undefined) {
      section = new Map();
      this.#sections.set(kept.section, section);
    }
    if (kept.value === null) section.delete(kept.key);
    else section.set(kept.key, kept);
  }

  all(): readonly Kept[] {
    return [...this.#sections.values()].flatMap((section) => [...section.values()]);
  }
}
