import { MemoryStore } from '../../lib/store/memory.ts';
import { describeStore } from './store.ts';

let store = new MemoryStore();

describeStore('memory', {
  async open() {
    store = new MemoryStore();
    return store;
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
