import type { Problem } from '../core/problem.ts';

/** A value found in the store that cannot be used. */
export interface Rejection {
  /** What is wrong, for people. */
  readonly reason: string;
  readonly problems: readonly Problem[];
  /** When it was found first, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether an older version of the item is in force instead. */
  readonly hasLastGood: boolean;
}
