/** One key of a store. Keys are relative to the instance's prefix: `rules/a.test`, `upstreams/up1/10.0.0.1:80`. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Revision of the key's last write. */
  readonly revision: number;
}

/** All keys at one revision. */
export interface Snapshot {
  readonly revision: number;
  /** Identity of the store; a change means that revisions before and after cannot be compared. */
  readonly cluster: string;
  readonly entries: readonly Entry[];
}

/** Hears of entries that have been read. */
export type Arriving = (entries: readonly Entry[]) => void;

/** A key written (`value`) or removed (`null`) at a revision. */
export interface Change {
  readonly key: string;
  readonly value: string | null;
  readonly revision: number;
}

/** A write of one transaction. `expected` is the revision of the key's last write that this write rests on, 0 for "absent". */
export interface Write {
  readonly key: string;
  readonly value: string | null;
  readonly expected: number;
}

/** A key that has to be as it was for a transaction: its last write, 0 for "absent". */
export type Condition = Omit<Write, 'value'>;

export interface WatchListener {
  /** All changes of exactly one revision, in order; revisions only grow. */
  changes(revision: number, changes: readonly Change[]): void;
  /** The store is at `revision` and everything up to it has been told. */
  progress(revision: number): void;
  /** The newest content cannot be used, for a reason; what was told before stays in force. Null: it can again. */
  trouble(message: string | null): void;
  /** The watch has ended, once, for a reason; nothing comes after it. */
  ended(reason: WatchEnd): void;
}

/**
 * `compacted`: history is gone, or not the one we read: read again. `lost`: connection, silence, authentication: watch again
 * from the same revision.
 */
export interface WatchEnd {
  readonly kind: 'compacted' | 'lost';
  readonly message: string;
}

export interface Watch {
  close(): void;
}

/**
 * Where documents live. A store reads all keys at one revision, tells every later change in order and exactly once, and
 * writes transactions. It never retries by itself: `follow` does, once for every store.
 */
export interface Store {
  /** For people: `etcd 127.0.0.1:2379` or `file elb.yaml`. */
  readonly label: string;
  /**
   * Throws StoreError. `arriving` hears of entries while others are still on their way. What it hears need not be in the snapshot, nor be
   * all of it: the time may be used to get ready for them, no more.
   */
  read(arriving?: Arriving): Promise<Snapshot>;
  /** Tells every change after `revision`. Errors come as `ended`. */
  watch(revision: number, listener: WatchListener): Watch;
  /**
   * Writes all or nothing. Resolves with the new revision, or with null if an `expected` revision did not hold (nothing was
   * written). At most `maxWrites` at once, conditions included, with keys and values of `maxWriteBytes` together. No write at all
   * asks the store for its revision. Throws StoreError: it is then unknown whether it was written.
   */
  write(writes: readonly Write[], conditions?: readonly Condition[]): Promise<number | null>;
  /**
   * Whether a transaction of this size is made of several. Readers and watchers see all of it or nothing all the same; but its
   * keys' revisions are then not that of the answer, and are only known once they are told. Missing: it never is.
   */
  inPieces?(writes: readonly Write[]): boolean;
  /** Missing where a store has no place for them. */
  readonly own?: OwnKeys;
  /** Missing where nobody else can follow the store. */
  readonly presence?: Presence;
  readonly maxWrites: number;
  readonly maxWriteBytes: number;
  close(): Promise<void>;
}

/**
 * Begins the keys that the program keeps for itself beside the documents (history, instances). It sorts behind every directory of
 * documents, so that those are one range of keys which nobody is woken for by anything else. Transactions may write them.
 */
export const OWN = '~';

/** Own keys, which `read` and `watch` leave out. */
export interface OwnKeys {
  /** All that begin with `prefix`, which begins with `OWN`. Throws StoreError. */
  list(prefix: string): Promise<readonly Entry[]>;
}

/** One own key that lives as long as its process: what others are to know of it. */
export interface Presence {
  /** How often the key has to be announced to stay, in milliseconds. */
  readonly everyMs: number;
  /** Puts the key, or says again that it is meant to stay. Throws StoreError. */
  announce(key: string, value: string): Promise<void>;
  /** Removes what was announced. Throws StoreError. */
  withdraw(): Promise<void>;
}

/** The store could not be reached or refused. The message is for an operator. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
