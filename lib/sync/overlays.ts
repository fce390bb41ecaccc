/** A key's value as an operator made it; null: removed. */
export interface Overlay {
  readonly value: string | null;
  /** Wins over every write of the key up to this revision. */
  readonly since: number;
  /** Where it was made by a process before this one: what that knew. Null from the first look at the store on. */
  readonly origin: Origin | null;
  /** Number of the change that an operator made. */
  readonly edit: number;
}

/** What was known of the store when an overlay was made. */
export interface Origin {
  /** Which store's revisions `since` is one of. */
  readonly cluster: string;
  /** Whether the store held the key. */
  readonly stored: boolean;
}

/** An overlay as one process leaves it to the next, as JSON. */
export interface KeptOverlay extends Origin {
  readonly value: string | null;
  readonly since: number;
}

/** The overlays by key, and which of them have changed, for whoever keeps them. */
export class Overlays {
  readonly #overlays = new Map<string, Overlay>();
  readonly #changed = new Set<string>();
  #edits = 0;

  get all(): ReadonlyMap<string, Overlay> {
    return this.#overlays;
  }

  get(key: string): Overlay | undefined {
    return this.#overlays.get(key);
  }

  set(key: string, overlay: Omit<Overlay, 'edit'>, edit = ++this.#edits): void {
    this.#overlays.set(key, { ...overlay, edit });
    this.#changed.add(key);
  }

  /** The same value, but newer than that. */
  moveTo(key: string, since: number): void {
    const overlay = this.#overlays.get(key);
    if (overlay !== undefined) this.set(key, { value: overlay.value, since, origin: null }, overlay.edit);
  }

  delete(key: string): void {
    if (this.#overlays.delete(key)) this.#changed.add(key);
  }

  /** Keys that have changed since the last call. */
  takeChanged(): readonly string[] {
    if (this.#changed.size === 0) return NONE;
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys;
  }
}

const NONE: readonly string[] = [];

/** What a process before this one has kept, or null if it cannot be used: it may have been another version. */
export function keptOverlay(raw: unknown): KeptOverlay | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { value, since, cluster, stored } = raw as Partial<Record<keyof KeptOverlay, unknown>>; // each is checked
  if (typeof value !== 'string' && value !== null) return null;
  if (typeof since !== 'number' || typeof cluster !== 'string' || typeof stored !== 'boolean') return null;
  return { value, since, cluster, stored };
}
