import type { Problem } from '../core/problem.ts';

/** What is not as the store says, by key. */
export interface Reports {
  /** Values that cannot be used. */
  readonly rejected: Map<string, Rejection>;
  /** Documents that wait for upstreams, while a former version is in force. */
  readonly held: Map<string, Held>;
  /** Documents in force, with the upstreams that they name and that do not exist: requests for those are answered 502. */
  readonly dangling: Map<string, readonly string[]>;
}

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

/** A good document that is not in force, because it names upstreams that do not exist: its former version works, and stays. */
export interface Held {
  /** Those that do not exist. */
  readonly upstreams: readonly string[];
  /** Since when it waits, in milliseconds since the epoch. */
  readonly since: number;
}
