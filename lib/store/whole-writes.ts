import { elapsed, type Scheduler } from '../core/scheduler.ts';
import { nextBatch } from './batch.ts';
import { slicesOf } from './slices.ts';
import { OWN, StoreError } from './store.ts';
import type {
  Arriving,
  Change,
  Condition,
  Entry,
  OwnKeys,
  Presence,
  Snapshot,
  Store,
  Watch,
  WatchListener,
  Write,
} from './store.ts';

/** A transaction that is larger than the store takes at once, as its key says while it is under way. */
interface Intent {
  readonly id: string;
  readonly groups: number;
  /** `checking`: nothing of it is written yet, and nothing will be if its writer is gone. `writing`: it will be, by whomever. */
  readonly state: 'checking' | 'writing';
}

/** As it stands in the store. */
interface Standing extends Intent {
  readonly revision: number;
}

/** A store that can be asked for its own keys. */
type Inner = Store & { readonly own: OwnKeys };

/**
 * Makes transactions of any size out of those of a store.
 *
 * ```
 * ~change/$id/$group/$slice   what is to be written, in groups of the size of a transaction
 * change                      names that transaction while it is under way; there is one at a time
 *
 * stage groups -> put `change` (checking) -> check every key -> (writing) -> write groups -> remove `change`
 * ```
 *
 * Who reads or watches the store through this sees all of it or nothing: news is held back while `change` is there, and a read
 * waits until it is gone. A writer that dies leaves everything that is needed to finish, and whoever comes to wait for it does
 * that. Who writes without this (`etcdctl`) is not held up: a key that was changed meanwhile keeps that change, as if it had come
 * right after the transaction.
 */
export class WholeWrites implements Store {
  readonly label: string;
  readonly own: OwnKeys;
  readonly presence?: Presence;
  readonly maxWrites = Number.MAX_SAFE_INTEGER;
  readonly maxWriteBytes = Number.MAX_SAFE_INTEGER;
  readonly #store: Inner;
  readonly #scheduler: Scheduler;
  readonly #random: () => number;

  constructor(store: Inner, scheduler: Scheduler, random: () => number) {
    this.label = store.label;
    this.own = store.own;
    if (store.presence !== undefined) this.presence = store.presence;
    this.#store = store;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  async read(arriving?: Arriving): Promise<Snapshot> {
    const begin = this.#scheduler.now();
    for (;;) {
      const snapshot = await this.#store.read(arriving);
      const standing = standingOf(snapshot.entries.find(({ key }) => key === CHANGE));
      if (standing === null) return snapshot;
      if (this.#scheduler.now() - begin >= patienceFor(standing)) await this.#finish(standing);
      else await this.#pause();
    }
  }

  watch(revision: number, listener: WatchListener): Watch {
    const held = new Map<string, Change>();
    let told = revision;
    let standing: Standing | null = null;
    let cancelRescue = (): void => undefined;
    const release = (at: number): void => {
      const changes = [...held.values()];
      held.clear();
      told = at;
      if (changes.length > 0) listener.changes(at, changes);
      else listener.progress(at);
    };
    const watch = this.#store.watch(revision, {
      changes: (at, changes) => {
        for (const change of changes) {
          if (change.key !== CHANGE) held.set(change.key, change);
          else {
            cancelRescue();
            standing = standingOf(change);
            if (standing !== null) cancelRescue = this.#rescueLater(standing);
          }
        }
        if (standing === null) release(at);
      },
      progress: (at) => {
        if (standing === null) told = at;
        listener.progress(told);
      },
      trouble: (message) => listener.trouble(message),
      ended: (reason) => {
        cancelRescue();
        listener.ended(reason);
      },
    });
    return {
      close() {
        cancelRescue();
        watch.close();
      },
    };
  }

  async write(writes: readonly Write[], conditions: readonly Condition[] = []): Promise<number | null> {
    if (writes.every(({ key }) => key.startsWith(OWN))) return this.#store.write(writes, conditions);
    if (!this.inPieces(writes)) return this.#store.write(writes, [...conditions, NO_CHANGE]);
    return this.#writeLarge(writes, conditions);
  }

  inPieces(writes: readonly Write[]): boolean {
    return nextBatch(writes, this.#atOnce, this.#store.maxWriteBytes).length < writes.length;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Beside the condition that goes with every group. */
  get #atOnce(): number {
    return this.#store.maxWrites - 1;
  }

  async #writeLarge(writes: readonly Write[], conditions: readonly Condition[]): Promise<number | null> {
    const stamp = this.#scheduler.now().toString(36).padStart(9, '0');
    const id = `${stamp}-${Math.floor(this.#random() * 0xffffffff).toString(36)}`;
    const groups = this.#groupsOf(writes);
    for (const [i, group] of groups.entries()) await this.#stage(id, i, group);
    const checking: Intent = { id, groups: groups.length, state: 'checking' };
    const revision = await this.#put(checking, 0);
    if (revision === null || !(await this.#holds([...writes, ...conditions]))) {
      if (revision !== null) await this.#store.write([{ key: CHANGE, value: null, expected: revision }]);
      await this.#clean(id);
      return null;
    }
    const writing: Intent = { ...checking, state: 'writing' };
    const standing = await this.#put(writing, revision);
    // Given up on by somebody who has waited for it.
    if (standing === null) return null;
    return this.#finish({ ...writing, revision: standing }, groups);
  }

  #groupsOf(writes: readonly Write[]): readonly (readonly Write[])[] {
    const groups: (readonly Write[])[] = [];
    for (let rest = writes; rest.length > 0;) {
      const group = nextBatch(rest, this.#atOnce, this.#store.maxWriteBytes);
      groups.push(group);
      rest = rest.slice(group.length);
    }
    return groups;
  }

  async #stage(id: string, group: number, writes: readonly Write[]): Promise<void> {
    for (const [i, value] of slicesOf(JSON.stringify(writes), SLICE_CHARS).entries()) {
      const key = `${STAGED}${id}/${numbered(group)}/${numbered(i)}`;
      await this.#store.write([{ key, value, expected: 0 }]);
    }
  }

  #put(intent: Intent, expected: number): Promise<number | null> {
    return this.#store.write([{ key: CHANGE, value: JSON.stringify(intent), expected }]);
  }

  /** Whether every key is as it is expected to be. */
  async #holds(expectations: readonly Condition[]): Promise<boolean> {
    for (let from = 0; from < expectations.length; from += this.#atOnce) {
      const conditions = expectations.slice(from, from + this.#atOnce).map(({ key, expected }) => ({ key, expected }));
      if ((await this.#store.write([], conditions)) === null) return false;
    }
    return true;
  }

  /**
   * Writes what is not written yet and ends the transaction, together with whoever else may be doing that. Resolves with the
   * revision of its end, or with null if others have ended it.
   */
  async #finish(standing: Standing, known?: readonly (readonly Write[])[]): Promise<number | null> {
    const condition = { key: CHANGE, expected: standing.revision };
    if (standing.state === 'writing') {
      for (let i = 0; i < standing.groups; i++) {
        const group = known?.[i] ?? (await this.#staged(standing.id, i));
        if (group === null || !(await this.#writeGroup(group, condition))) return null;
      }
    }
    const revision = await this.#store.write([{ ...condition, value: null }]);
    await this.#clean(standing.id);
    return revision;
  }

  /** False: the transaction has ended. Keys that are no longer as expected were written already, or changed by others since. */
  async #writeGroup(group: readonly Write[], condition: Condition): Promise<boolean> {
    for (let rest = group; rest.length > 0;) {
      if ((await this.#store.write(rest, [condition])) !== null) return true;
      const revisions = new Map((await this.#store.read()).entries.map(({ key, revision }) => [key, revision]));
      if (revisions.get(CHANGE) !== condition.expected) return false;
      for (const { key } of group.filter((write) => write.key.startsWith(OWN))) {
        for (const entry of await this.own.list(key)) revisions.set(entry.key, entry.revision);
      }
      rest = rest.filter(({ key, expected }) => (revisions.get(key) ?? 0) === expected);
    }
    return true;
  }

  /** Null: it is no longer there, because the transaction has ended. */
  async #staged(id: string, group: number): Promise<readonly Write[] | null> {
    const entries = await this.own.list(`${STAGED}${id}/${numbered(group)}/`);
    const text = entries
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ value }) => value)
      .join('');
    try {
      return JSON.parse(text) as readonly Write[]; // nobody else writes it
    } catch {
      return null;
    }
  }

  /** What was staged, and what writers have staged that were gone before they began. */
  async #clean(id: string): Promise<void> {
    const oldest = (this.#scheduler.now() - STALE_MS).toString(36).padStart(9, '0');
    for (const { key, revision } of await this.own.list(STAGED)) {
      const of = key.slice(STAGED.length, key.indexOf('/', STAGED.length));
      if (of === id || of < oldest) await this.#store.write([{ key, value: null, expected: revision }]);
    }
  }

  /** Finishes a transaction whose writer takes too long, until that is done; the answer cancels it. */
  #rescueLater(standing: Standing): () => void {
    // Not everybody at once.
    const ms = patienceFor(standing) * (1 + this.#random());
    let cancel = (): void => undefined;
    let isWanted = true;
    const wait = (): void => {
      cancel = this.#scheduler.after(ms, () => void rescue());
    };
    const rescue = async (): Promise<void> => {
      try {
        await this.#finish(standing);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (isWanted) wait();
      }
    };
    wait();
    return () => {
      isWanted = false;
      cancel();
    };
  }

  #pause(): Promise<void> {
    return elapsed(this.#scheduler, PAUSE_MS);
  }
}

function standingOf(entry: Entry | Change | undefined): Standing | null {
  if (entry === undefined || entry.value === null) return null;
  return { ...(JSON.parse(entry.value) as Intent), revision: entry.revision }; // nobody else writes it
}

/** How long nobody doubts that a transaction's writer is at work, in milliseconds. */
function patienceFor({ groups }: Intent): number {
  return PATIENCE_MS + groups * GROUP_MS;
}

function numbered(n: number): string {
  return String(n).padStart(6, '0');
}

const CHANGE = 'change';
const STAGED = `${OWN}change/`;
/** Small transactions wait for a large one as large ones do. */
const NO_CHANGE: Condition = { key: CHANGE, expected: 0 };
const SLICE_CHARS = 262_144;
const PATIENCE_MS = 3000;
const GROUP_MS = 25;
const PAUSE_MS = 20;
const STALE_MS = 3_600_000;
