/**
 * What a primary leaves to the one that replaces it after a crash or at an upgrade, where nothing else would remember it: values
 * that can be written as JSON, in named sections, each of which has one owner. A restart of the program forgets them.
 *
 *     const section = handover.section('weather');
 *     for (const [city, report] of section.entries) ...      // from the one before; check it: that may have been another version
 *     section.onNews((city, report) => ...);                 // it may keep more until it leaves
 *     await section.keep('Kyoto', { sun: true });            // safe once this resolves, even if we are killed
 */
export class Handover {
  readonly #sections = new Map<string, Section>();
  readonly #keep: Keep;

  /** `keep` hands a value to whoever outlives this process. */
  constructor(keep: Keep = () => Promise.resolve()) {
    this.#keep = keep;
  }

  section(name: string): Section {
    let section = this.#sections.get(name);
    if (section === undefined) {
      section = new Section((key, value) => this.#keep(name, key, value));
      this.#sections.set(name, section);
    }
    return section;
  }
}

/** Resolves once the value is out of this process's hands. null: forgotten. */
type Keep = (section: string, key: string, value: unknown) => Promise<void>;

/** One owner's part of a handover. */
export class Section {
  /** What the primary before has kept. */
  readonly entries = new Map<string, unknown>();
  readonly #keep: (key: string, value: unknown) => Promise<void>;
  #listener: ((key: string, value: unknown) => void) | null = null;

  constructor(keep: (key: string, value: unknown) => Promise<void>) {
    this.#keep = keep;
  }

  /** null: no longer. */
  keep(key: string, value: unknown): Promise<void> {
    return this.#keep(key, value);
  }

  /** Hears what the primary before keeps while it still serves; null: no longer. */
  onNews(listener: (key: string, value: unknown) => void): void {
    this.#listener = listener;
  }

  /** For whoever brings what was kept. */
  receive(key: string, value: unknown): void {
    if (value === null) this.entries.delete(key);
    else this.entries.set(key, value);
    this.#listener?.(key, value);
  }
}
