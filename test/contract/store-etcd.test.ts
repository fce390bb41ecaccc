import { EtcdStore } from '../../lib/store/etcd.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import type { EtcdProcess } from '../fixtures/etcd.ts';
import { describeStore } from './store.ts';

describe('with a real etcd', () => {
  let etcd: EtcdProcess;
  /** Each store has a prefix of its own: nothing has to be removed. */
  let prefix = '';
  let count = 0;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());

  describeStore('etcd', {
    async open() {
      prefix = `/ELB${++count}/`;
      const access = { username: null, password: null, ca: null, cert: null, key: null };
      return new EtcdStore({ ...access, endpoints: [etcd.endpoint], prefix });
    },
    async putByOther(key, value) {
      await etcd.ctl('put', prefix + key, value);
    },
    async removeByOther(key) {
      await etcd.ctl('del', prefix + key);
    },
    breakDown: () => etcd.kill(),
    mend: () => etcd.restart(),
  });
});
