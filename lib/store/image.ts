import type { Snapshot } from './store.ts';

/** What a control plane knows of its store, to begin with at its next start before it has read the store. */
export interface Image extends Snapshot {
  readonly substitutes: readonly Substitute[];
  /** Whether all other entries have passed the very check that they would have to pass now. */
  readonly isChecked: boolean;
}

/** Of an entry that is not in force as it stands in the store, or was not checked: what is in force instead, if anything, and since when. */
export interface Substitute {
  readonly key: string;
  readonly lastGood: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
