import { OWN } from './store.ts';
import type { Change, Entry, Snapshot, Watch, WatchEnd, WatchListener } from './store.ts';

/** A key to write or, with null, to remove. */
export interface Edit {
  readonly key: string;
  readonly value: string | null;
}

/**
 * Keys with revisions, a bounded history, and those who watch it: what a store needs that has no such thing of its own.
 *
 * Watchers are told in later microtasks, in order, so that nobody is called back while committing.
 */
export class Ledger {
  readonly #cluster: string;
  readonly #entries = new Map<string, { readonly value: string; readonly revision: number }>();
  readonly #watchers = new Set<Watcher>();
  #history: { readonly revision: number; readonly changes: readonly Change[] }[] = [];
  /** Changes up to this revision are no longer in the history. */
  #compacted: number;
  #revision: number;

  constructor(cluster: string, revision = 1) {
    this.#cluster = cluster;
    this.#revision = revision;
    this.#compacted = revision;
  }

  get revision(): number {
    return this.#revision;
  }

  get(key: string): string | null {
    return this.#entries.get(key)?.value ?? null;
  }

  /** Revision of the key's last write; 0 for an absent key. */
  revisionOf(key: string): number {
    return this.#entries.get(key)?.revision ?? 0;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  snapshot(): Snapshot {
    const entries = this.#list((key) => !key.startsWith(OWN));
    return { revision: this.#revision, cluster: this.#cluster, entries };
  }

  /** Keys of the program's own. */
  own(prefix: string): readonly Entry[] {
    return this.#list((key) => key.startsWith(prefix));
  }

  #list(isMeant: (key: string) => boolean): readonly Entry[] {
    const entries = Array.from(this.#entries, ([key, { value, revision }]) => ({ key, value, revision }));
    return entries.filter(({ key }) => isMeant(key));
  }

  /** Makes one revision of the edits that do something; answers the revision it is at then. */
  commit(edits: readonly Edit[]): number {
    const real = edits.filter((edit) => edit.value !== null || this.#entries.has(edit.key));
    if (real.length === 0) return this.#revision;
    const revision = ++this.#revision;
    const changes = real.map(({ key, value }) => ({ key, value, revision }));
    for (const { key, value } of changes) {
      if (value === null) this.#entries.delete(key);
      else this.#entries.set(key, { value, revision });
    }
    const told = changes.filter(({ key }) => !key.startsWith(OWN));
    if (told.length === 0) return revision;
    this.#history.push({ revision, changes: told });
    if (this.#history.length > MAX_HISTORY) this.compact(revision - MAX_HISTORY);
    for (const watcher of this.#watchers) watcher.tell((listener) => listener.changes(revision, told));
    return revision;
  }

  /** Tells every change after `revision`, first those of the history. */
  watch(revision: number, listener: WatchListener): Watch {
    const watcher = new Watcher(listener, (closed) => this.#watchers.delete(closed));
    this.#watchers.add(watcher);
    if (revision < this.#compacted || revision > this.#revision) {
      const message = `revision ${revision} is not in the history ${this.#compacted} to ${this.#revision}`;
      watcher.end({ kind: 'compacted', message });
      return watcher;
    }
    watcher.tell(() => listener.progress(revision));
    for (const past of this.#history) {
      if (past.revision > revision) watcher.tell(() => listener.changes(past.revision, past.changes));
    }
    return watcher;
  }

  /** Forgets the history up to `revision`. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
    this.#history = this.#history.filter((past) => past.revision > this.#compacted);
  }

  trouble(message: string | null): void {
    for (const watcher of this.#watchers) watcher.tell((listener) => listener.trouble(message));
  }

  /** Ends every watch. */
  end(reason: WatchEnd): void {
    for (const watcher of this.#watchers) watcher.end(reason);
  }
}

const MAX_HISTORY = 1000;

/** One watch: calls its listener in order, each call in a microtask of its own, none after its end. */
class Watcher implements Watch {
  readonly #listener: WatchListener;
  readonly #onClose: (watcher: Watcher) => void;
  #isOpen = true;

  constructor(listener: WatchListener, onClose: (watcher: Watcher) => void) {
    this.#listener = listener;
    this.#onClose = onClose;
  }

  tell(call: (listener: WatchListener) => void): void {
    queueMicrotask(() => {
      if (this.#isOpen) call(this.#listener);
    });
  }

  end(reason: WatchEnd): void {
    this.tell((listener) => {
      this.close();
      listener.ended(reason);
    });
  }

  close(): void {
    this.#isOpen = false;
    this.#onClose(this);
  }
}
