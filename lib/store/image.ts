import type { Snapshot } from './store.ts';

/** What a control plane knows of its store, to begin with at its next start before it has read the store. */
export interface Image extends Snapshot {
  readonly substitutes: readonly Substitute[];
  /** What a value needs that has passed the very check which it would have to pass now; null where that is not known. */
  readonly needsOf: (key: string, value: string) => readonly string[] | null;
}

/** Of an entry that is not in force as it stands in the store, or was not checked: what is in force instead, if anything, and since when. */
export interface Substitute {
  readonly key: string;
  readonly lastGood: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
