import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../lib/core/config.ts';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import { ImageFile } from '../lib/store/image-file.ts';
import { version } from './version.ts';
import type { Store } from '../lib/store/store.ts';
import { WholeWrites } from '../lib/store/whole-writes.ts';
import { History } from '../lib/sync/history.ts';

/** The store the configuration asks for; the other one's libraries are not loaded. */
export async function createStore({ store, name }: Config): Promise<Store> {
  switch (store.kind) {
    case 'etcd': {
      const { EtcdStore } = await import('../lib/store/etcd.ts');
      return new WholeWrites(new EtcdStore({ ...store.etcd, prefix: `/${name}/` }), systemScheduler, Math.random);
    }
    case 'file': {
      const { FileStore } = await import('../lib/store/file.ts');
      return new FileStore(store.path);
    }
  }
}

/** Where transactions are recorded: in the store; null: nowhere. */
export function createHistory({ history: max }: Config, store: Store, log: Log): History | null {
  if (max === 0 || store.own === undefined) return null;
  return new History({ store, own: store.own, scheduler: systemScheduler, random: Math.random, log, max });
}

/** Where what is known of etcd is kept for a start without it; null: nowhere. A file store is there whenever ELB is. */
export function createImages({ store, name, state, snapshot, maxNodes }: Config): ImageFile | null {
  if (store.kind === 'file' || snapshot === 'off') return null;
  // Instances of other clusters on this machine have files of their own.
  const members = createHash('sha256').update(store.etcd.endpoints.toSorted().join()).digest('hex').slice(0, 8);
  const path = snapshot ?? (state === null ? null : join(state, `snapshot-${name}-${members}`));
  const checker = `elb ${version()}, node ${process.version}, ${maxNodes} nodes`;
  return path === null ? null : new ImageFile(path, { prefix: `/${name}/`, checker });
}
