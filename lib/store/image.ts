import type { Change, Snapshot } from './store.ts';

/** What a control plane knows of its store, to begin with at its next start before it has read the store. */
export interface Image extends Snapshot {
  readonly substitutes: readonly Substitute[];
  readonly needsOf: NeedsOf;
  /** What was added to it is lost from some place on: it is of an earlier time than it might be. */
  readonly isDamaged?: true;
}

/** What is different of an image since it was written, or added to, last. */
export interface ImageNews {
  readonly revision: number;
  /** One for each key. */
  readonly changes: readonly Change[];
  /** All of them, if they are others than before. */
  readonly substitutes: readonly Substitute[] | null;
  readonly needsOf: NeedsOf;
}

/** What a value needs that has passed the very check which it would have to pass now; null where that is not known. */
export type NeedsOf = (key: string, value: string) => readonly string[] | null;

/** Of an entry that is not in force as it stands in the store, or was not checked: what is in force instead, if anything, and since when. */
export interface Substitute {
  readonly key: string;
  readonly lastGood: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
