import type { Config } from '../lib/core/config.ts';
import type { GiveWay } from '../lib/core/give-way.ts';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import type { Store } from '../lib/store/store.ts';
import { WholeWrites } from '../lib/store/whole-writes.ts';
import { History } from '../lib/sync/history.ts';

/** The store the configuration asks for; the other one's libraries are not loaded. */
export async function createStore({ store, name }: Config, giveWay: GiveWay = NOBODY): Promise<Store> {
  switch (store.kind) {
    case 'etcd': {
      const { EtcdStore } = await import('../lib/store/etcd.ts');
      const etcd = new EtcdStore({ ...store.etcd, prefix: `/${name}/`, giveWay });
      return new WholeWrites(etcd, systemScheduler, Math.random);
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

/** Where nobody waits. */
const NOBODY: GiveWay = () => undefined;
