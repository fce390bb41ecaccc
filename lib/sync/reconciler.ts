import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Snapshot, Store } from '../store/store.ts';

export interface ReconcilerOptions {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** Time between two looks, on average; 0: never. */
  readonly everyMs: number;
  /** Whether what is known at a snapshot's revision is the snapshot; null: that cannot be said now. */
  readonly agrees: (snapshot: Snapshot) => boolean | null;
  /** What is known is not what the store holds. */
  readonly diverged: () => void;
  readonly log: Log;
}

/**
 * Compares what is known with the store from time to time, since stores have forgotten to tell things (etcd-io/etcd#18089), and
 * may have been replaced by another with the same identity and a higher revision.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #cancel: (() => void) | null = null;
  #isRunning = false;
  /** When what is known was last found to be what the store holds, and how often it was not. */
  agreedAt: number | null = null;
  mismatches = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.#plan();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
  }

  /** Instances of a fleet spread: each look comes after a random time of its own. */
  #plan(): void {
    const { everyMs, random, scheduler } = this.#options;
    if (everyMs > 0) this.#cancel = scheduler.after(everyMs * (0.5 + random()), () => void this.#look());
  }

  async #look(): Promise<void> {
    let snapshot: Snapshot;
    try {
      snapshot = await this.#options.store.read();
    } catch {
      // That the store is away is said by whoever follows it.
      if (this.#isRunning) this.#plan();
      return;
    }
    if (this.#isRunning) this.#compare(snapshot, MAX_TRIES);
  }

  /** The watch may be some moments behind the read. */
  #compare(snapshot: Snapshot, tries: number): void {
    const { agrees, diverged, scheduler, log, store } = this.#options;
    const isSame = agrees(snapshot);
    if (isSame === null && tries > 1) {
      this.#cancel = scheduler.after(RETRY_MS, () => this.#compare(snapshot, tries - 1));
      return;
    }
    if (isSame === true) this.agreedAt = scheduler.now();
    if (isSame === false) {
      this.mismatches++;
      log.error(
        { store: store.label, revision: snapshot.revision },
        'what is known is not what the store holds: reading again',
      );
      diverged();
    }
    this.#plan();
  }
}

const RETRY_MS = 1000;
const MAX_TRIES = 5;
