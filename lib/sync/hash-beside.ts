import { elapsed, type Scheduler } from '../core/scheduler.ts';
import type { SyncCore } from './core.ts';

/**
 * Hashes what the first load has brought, piece by piece: what changes meanwhile does not wait for all of it, which takes some tenths of a
 * second with 100,000 domains. Resolves when the hash of the store is known, or `isOver`.
 */
export async function hashBeside(core: SyncCore, scheduler: Scheduler, isOver: () => boolean): Promise<void> {
  while (!core.isHashed && !isOver()) {
    core.hashSome(AT_ONCE);
    await elapsed(scheduler, 1);
  }
}

/** Entries that take about half a millisecond. */
const AT_ONCE = 128;
