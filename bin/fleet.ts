import { hostname } from 'node:os';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import type { StatusBoard } from '../lib/core/status-board.ts';
import type { Store } from '../lib/store/store.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import type { Sync } from '../lib/sync.ts';
import { Fleet } from '../lib/sync/fleet.ts';
import { version } from './version.ts';

/** This instance among those that follow the same store. It keeps its name through crashes of its primary and upgrades. */
export function createFleet(store: Store, sync: Sync, board: StatusBoard, supervision: Supervision, log: Log): Fleet {
  const { startedAt } = supervision.history;
  const host = hostname();
  return new Fleet({
    id: `${host}-${String(process.ppid)}-${startedAt.toString(36)}`,
    about: { version: version(), host, pid: process.pid, started_at: new Date(startedAt).toISOString() },
    store,
    scheduler: systemScheduler,
    log,
    state() {
      if (!sync.isHashed) return null;
      const { serving, status } = sync;
      const reason = board.unready;
      if (serving === null) return null;
      return { ...serving, rejected: status.rejected.size, overlays: status.overlays, ready: reason === null, reason };
    },
    served: (revision, ms) => sync.served(revision, ms),
  });
}
