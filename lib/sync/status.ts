import type { StatusSection } from '../core/status-board.ts';
import type { Held, Rejection } from './reports.ts';

/** What the control plane knows of itself. */
export interface SyncStatus {
  readonly store: string;
  /** Where what is in force comes from: the store, or a snapshot of it that an earlier process has left; null before both. */
  readonly source: 'store' | 'snapshot' | null;
  /** Newest revision of the store that is known; -1 before the first. */
  readonly revision: number;
  /** Revision that every worker serves; -1 before the first. */
  readonly served: number;
  /** When the store last said that nothing newer is there, or what; milliseconds since the epoch, null before it did. */
  readonly heardAt: number | null;
  readonly connected: boolean;
  /** When what is known was last compared with the store and was the same, in milliseconds since the epoch; and how often it was not. */
  readonly agreedAt: number | null;
  readonly mismatches: number;
  /** Why not connected, or why the newest content of the store is not in force. */
  readonly trouble: string | null;
  /** By key: what the store holds and cannot be used. */
  readonly rejected: ReadonlyMap<string, Rejection>;
  /** By key: documents that wait for upstreams, while their former versions are in force. */
  readonly held: ReadonlyMap<string, Held>;
  /** By key: documents in force, with the upstreams that they name and that do not exist: such requests are answered 502. */
  readonly dangling: ReadonlyMap<string, readonly string[]>;
  /** Number of keys changed here and not dumped. */
  readonly overlays: number;
}

/** Who is asked. */
interface Asked {
  readonly ready: boolean;
  readonly status: SyncStatus;
  overlaid(): ReadonlyMap<string, string | null>;
}

/** What the control plane says of itself: the store and what is in force of it, what it refused, and what is not dumped. */
export function syncSections(sync: Asked, now: () => number): readonly StatusSection[] {
  const age = (at: number | null): number | null => (at === null ? null : Math.max(0, now() - at) / 1000);
  return [
    {
      name: 'store',
      read() {
        const { store, source, revision, served, heardAt, agreedAt, mismatches, connected, trouble } = sync.status;
        return {
          store,
          // `etcd 127.0.0.1:2379` is an etcd.
          source: source === 'store' ? store.split(' ')[0] : source,
          connected,
          trouble,
          applied: served,
          seen: revision,
          lag: revision - served,
          age_s: age(heardAt),
          agreed_s: age(agreedAt),
          mismatches,
        };
      },
      unready: () => (sync.ready ? null : 'no configuration has been loaded yet'),
    },
    {
      name: 'rejected',
      read: () =>
        Array.from(sync.status.rejected, ([key, { reason, problems, since, hasLastGood }]) => ({
          key,
          reason,
          problems,
          since: new Date(since).toISOString(),
          age_s: age(since),
          last_good: hasLastGood,
        })),
    },
    {
      name: 'waiting',
      read: () =>
        Array.from(sync.status.held, ([key, { upstreams, since }]) => ({
          key,
          upstreams,
          since: new Date(since).toISOString(),
          age_s: age(since),
        })),
    },
    {
      name: 'dangling',
      read: () => Array.from(sync.status.dangling, ([key, upstreams]) => ({ key, upstreams })),
    },
    {
      name: 'overlays',
      read: () => Array.from(sync.overlaid(), ([key, value]) => ({ key, change: value === null ? 'removed' : 'put' })),
    },
  ];
}
