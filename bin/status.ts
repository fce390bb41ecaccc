import type { Primary } from '../lib/cluster/primary.ts';
import { StatusBoard } from '../lib/core/status-board.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import type { Sync } from '../lib/sync.ts';
import { syncSections } from '../lib/sync/status.ts';
import { version } from './version.ts';

/** What this instance says of itself. Other parts offer their sections where they are put together. */
export function createStatus(name: string, sync: Sync, primary: Primary, supervision: Supervision): StatusBoard {
  const board = new StatusBoard();
  const program = { name, version: version(), node: process.versions.node, pid: process.pid };
  board.offer({
    name: 'instance',
    read() {
      const reason = board.unready;
      return { ...program, ready: reason === null, reason, uptime_s: process.uptime() };
    },
  });
  for (const section of syncSections(sync, () => systemScheduler.now())) board.offer(section);
  board.offer({
    name: 'workers',
    read: () =>
      primary.members().map(({ pid, state, revision, behind, ageMs }) => {
        // The table does not change with every revision of the store.
        const serves = behind === 0 && revision >= 0 ? sync.status.revision : revision;
        return { pid: pid === 0 ? process.pid : pid, state, revision: serves, behind, uptime_s: ageMs / 1000 };
      }),
    unready: () => (primary.isDraining ? 'draining' : null),
  });
  board.offer({
    name: 'listeners',
    read: () => supervision.listeners.map(({ since, ...listener }) => ({ ...listener, since: isoTime(since) })),
  });
  board.offer({
    name: 'lifecycle',
    read() {
      const { startedAt, crashes, lastCrash, upgrades, lastUpgrade } = supervision.history;
      const { count, last, crashLoop } = primary.ends;
      return {
        started_at: isoTime(startedAt),
        generation: supervision.generation,
        upgrades: { done: upgrades, last: dated(lastUpgrade) },
        primary_ends: { count: crashes, last: dated(lastCrash) },
        worker_ends: { count, last: dated(last), crash_loop: crashLoop },
      };
    },
  });
  return board;
}

/** Milliseconds since the epoch as people write them. */
function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function dated<What extends { readonly at: number }>(what: What | null): object | null {
  return what === null ? null : { ...what, at: isoTime(what.at) };
}
