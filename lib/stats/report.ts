import type { Usage } from './process-usage.ts';
import type { TallyDelta } from './tally.ts';

/** What a worker tells the primary of itself when asked: counts since it was asked last, states as they are. Plain data. */
export interface WorkerReport {
  /** Null where requests are not counted. */
  readonly tally: TallyDelta | null;
  /** Connections of clients that are open, and those that were accepted since. */
  readonly clients: number;
  readonly newClients: number;
  /** Times that statsd was not told. */
  readonly lostTimes: number;
  /** Lines of the access log that found no room. */
  readonly droppedLines: number;
  readonly usage: Usage;
}
