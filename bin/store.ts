import type { Config } from '../lib/core/config.ts';
import { EtcdStore } from '../lib/store/etcd.ts';
import { FileStore } from '../lib/store/file.ts';
import type { Store } from '../lib/store/store.ts';

/** The store the configuration asks for. */
export function createStore({ store, name }: Config): Store {
  switch (store.kind) {
    case 'etcd':
      return new EtcdStore({ ...store.etcd, prefix: `/${name}/` });
    case 'file':
      return new FileStore(store.path);
  }
}
