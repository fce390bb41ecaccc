import { systemScheduler } from '../../lib/core/scheduler.ts';
import { MemoryStore } from '../../lib/store/memory.ts';
import { WholeWrites } from '../../lib/store/whole-writes.ts';
import { describeStore } from './store.ts';

let store = new MemoryStore();

describeStore('memory, with transactions of any size', {
  async open() {
    store = new MemoryStore();
    return new WholeWrites(store, systemScheduler, Math.random);
  },
  async putByOther(key, value) {
    store.commit([{ key, value }]);
  },
  async removeByOther(key) {
    store.commit([{ key, value: null }]);
  },
  async breakDown() {
    store.reachable = false;
  },
  async mend() {
    store.reachable = true;
  },
});
