import type { Change, Snapshot, WatchEnd, Write } from '../../lib/store/store.ts';
import type { Edit } from '../../lib/store/ledger.ts';

type State = ReadonlyMap<string, { readonly value: string; readonly revision: number }>;

/** What a stream of the model carries, in order. */
export type Word =
  | { readonly kind: 'changes'; readonly revision: number; readonly changes: readonly Change[] }
  | { readonly kind: 'progress'; readonly revision: number }
  | { readonly kind: 'ended'; readonly reason: WatchEnd };

/** etcd as a list: every state it ever had. Nothing happens by itself: the simulation moves every word. */
export class ModelStore {
  cluster = 'c0';
  #states: State[] = [new Map()];
  #changes: (readonly Change[])[] = [[]];
  #compacted = 0;
  /** Words on their way to the watcher; null while nobody watches. */
  stream: Word[] | null = null;

  get revision(): number {
    return this.#states.length - 1;
  }

  at(revision: number): State {
    const state = this.#states[revision];
    if (state === undefined) throw new Error(`no revision ${revision}`);
    return state;
  }

  get now(): State {
    return this.at(this.revision);
  }

  snapshot(): Snapshot {
    const entries = Array.from(this.now, ([key, entry]) => ({ key, ...entry }));
    return { revision: this.revision, cluster: this.cluster, entries };
  }

  commit(edits: readonly Edit[]): number {
    const revision = this.revision + 1;
    const state = new Map(this.now);
    const changes: Change[] = [];
    for (const { key, value } of edits) {
      if (value !== null) state.set(key, { value, revision });
      else if (!state.delete(key)) continue;
      changes.push({ key, value, revision });
    }
    if (changes.length === 0) return this.revision;
    this.#states.push(state);
    this.#changes.push(changes);
    this.stream?.push({ kind: 'changes', revision, changes });
    return revision;
  }

  /** A transaction; null if what it rests on does not hold. */
  write(writes: readonly Write[]): number | null {
    if (writes.some(({ key, expected }) => (this.now.get(key)?.revision ?? 0) !== expected)) return null;
    return this.commit(writes);
  }

  watch(revision: number, cluster: string): void {
    this.stream = [];
    if (cluster !== this.cluster || revision < this.#compacted || revision > this.revision) {
      this.stream.push({ kind: 'ended', reason: { kind: 'compacted', message: 'history is gone' } });
      return;
    }
    this.stream.push({ kind: 'progress', revision });
    for (let past = revision + 1; past <= this.revision; past++) {
      this.stream.push({ kind: 'changes', revision: past, changes: this.#changes[past] ?? [] });
    }
  }

  /** The connection breaks: what is on its way is lost with it. */
  disconnect(): void {
    this.stream = [{ kind: 'ended', reason: { kind: 'lost', message: 'reset' } }];
  }

  /** A change is never told (etcd-io/etcd#18089): which, is chosen by the caller. Answers its revision, or 0 if there was none. */
  forget(pick: (count: number) => number): number {
    const stream = this.stream ?? [];
    const told = stream.filter((word) => word.kind === 'changes');
    const word = told[pick(told.length)];
    if (word?.kind !== 'changes') return 0;
    stream.splice(stream.indexOf(word), 1);
    return word.revision;
  }

  progress(): void {
    this.stream?.push({ kind: 'progress', revision: this.revision });
  }

  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** An old backup takes the place of everything since, in a new cluster. */
  restore(revision: number): void {
    this.cluster = `${this.cluster}'`;
    this.#states.length = revision + 1;
    this.#changes.length = revision + 1;
    this.#compacted = revision;
    if (this.stream !== null) this.disconnect();
  }
}
