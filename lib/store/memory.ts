import { Ledger } from './ledger.ts';
import type { Edit } from './ledger.ts';
import { StoreError } from './store.ts';
import type { Condition, OwnKeys, Snapshot, Store, Watch, WatchListener, Write } from './store.ts';

/** A store that lives as long as its process: for trying things out, and for tests of everything above the port. */
export class MemoryStore implements Store {
  readonly label = 'memory';
  readonly maxWrites = 128;
  readonly maxWriteBytes = 1_048_576;
  readonly own: OwnKeys = {
    list: async (prefix) => {
      this.#reach();
      return this.#ledger.own(prefix);
    },
  };
  readonly #ledger: Ledger;
  #isReachable = true;

  constructor(entries: Readonly<Record<string, string>> = {}) {
    this.#ledger = new Ledger('memory');
    this.commit(Object.entries(entries).map(([key, value]) => ({ key, value })));
  }

  async read(): Promise<Snapshot> {
    this.#reach();
    return this.#ledger.snapshot();
  }

  watch(revision: number, listener: WatchListener): Watch {
    const watch = this.#ledger.watch(revision, listener);
    if (!this.#isReachable) this.#ledger.end(AWAY);
    return watch;
  }

  async write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<number | null> {
    this.#reach();
    if (writes.length + conditions.length > this.maxWrites) throw new StoreError(`more than ${this.maxWrites} writes`);
    const expectations = [...writes, ...conditions];
    if (expectations.some(({ key, expected }) => this.#ledger.revisionOf(key) !== expected)) return null;
    return this.#ledger.commit(writes);
  }

  async close(): Promise<void> {
    this.#ledger.end({ kind: 'lost', message: 'closed' });
  }

  /** Writes as somebody else would, in one revision. */
  commit(edits: readonly Edit[]): number {
    return this.#ledger.commit(edits);
  }

  get(key: string): string | null {
    return this.#ledger.get(key);
  }

  /** Keys and values. */
  entries(): readonly (readonly [string, string])[] {
    return this.#ledger.snapshot().entries.map(({ key, value }) => [key, value] as const);
  }

  /** While false, nothing can be read or written and every watch is lost. */
  set reachable(isReachable: boolean) {
    this.#isReachable = isReachable;
    if (!isReachable) this.#ledger.end(AWAY);
  }

  /** Forgets the history up to `revision`. */
  compact(revision: number): void {
    this.#ledger.compact(revision);
  }

  #reach(): void {
    if (!this.#isReachable) throw new StoreError(AWAY.message);
  }
}

const AWAY = { kind: 'lost', message: 'memory is made unreachable' } as const;
