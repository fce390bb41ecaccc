import type { TableChange } from '../change.ts';
import type { GiveWay } from '../core/give-way.ts';
import type { Section } from '../core/handover.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Seal } from '../core/seal.ts';
import type { Rule } from '../routing/rule.ts';
import type { Store } from '../store/store.ts';
import type { Resolver } from '../upstream/resolve.ts';
import type { History } from './history.ts';
import type { ImageStore } from './keeper.ts';

/** What the control plane is put together of. */
export interface SyncOptions {
  readonly store: Store;
  readonly rules: ReadonlyMap<string, Rule>;
  /** Most nodes of a graph. */
  readonly maxNodes: number;
  /**
   * Puts changes into force, all at once; resolves when every worker serves them. Called in order, without waiting. `whole`:
   * the store is known, and what it does not hold does not exist. `revision`: of the store, that the table is at then.
   */
  readonly apply: (changes: readonly TableChange[], whole: boolean, revision: number) => Promise<void>;
  /**
   * Hears what the first table will probably be made of, before any of it is known for sure: the time may be used to get ready for it. Later
   * words about an item count.
   */
  readonly expect?: (changes: readonly TableChange[]) => void;
  readonly resolver: Resolver;
  /** What keys of certificates are sealed with; missing: nothing. */
  readonly seal?: Seal;
  readonly log: Log;
  readonly scheduler: Scheduler;
  /** Said between steps of what a change takes. */
  readonly giveWay?: GiveWay;
  readonly random?: () => number;
  /** Every worker serves everything that is known. */
  readonly onServed?: () => void;
  /** Where transactions are recorded; null: nowhere. */
  readonly history?: History | null;
  /** How often what is known is compared with the store, on average; 0: never. */
  readonly reconcileMs?: number;
  /** Where what is known is kept for the next start; null: nowhere. */
  readonly images?: ImageStore | null;
  /** What operators have changed, from the process before this one and for the one after it. */
  readonly handover?: Section;
}
