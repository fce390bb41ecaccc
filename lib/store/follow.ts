import type { Scheduler } from '../core/scheduler.ts';
import { FollowState } from './follow-state.ts';
import type { FollowAction, FollowEvent } from './follow-state.ts';
import type { Change, Entry, Snapshot, Store, Watch, WatchListener } from './store.ts';

/** Who wants to know what a store holds. Called in order, never while another call runs. */
export interface FollowListener {
  /** Everything, at one revision. `comparable`: its revisions continue those told before. */
  load(snapshot: Snapshot, comparable: boolean): void;
  /** Entries that a load may be about to tell. */
  arriving(entries: readonly Entry[]): void;
  changes(revision: number, changes: readonly Change[]): void;
  progress(revision: number): void;
  /** The store cannot be followed, for a reason, or (null) it can; told once per change. */
  trouble(message: string | null): void;
  /** A read lost most keys after a failure; it is repeated before it is believed. */
  doubt(found: number, known: number): void;
}

export interface FollowOptions {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** How many of the store's keys are in force. */
  readonly known: () => number;
  readonly listener: FollowListener;
}

/** Keeps a listener at what a store holds, for as long as it runs, whatever happens to the store: `FollowState`, driven. */
export class Follow {
  readonly #options: FollowOptions;
  readonly #state: FollowState;
  #watch: Watch | null = null;
  #cancelPause: (() => void) | null = null;
  #isRunning = false;
  /** Number of reads begun. */
  #reads = 0;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#state = new FollowState(options.random);
  }

  /** Last revision that is known to the listener; -1 before the first. */
  get revision(): number {
    return this.#state.revision;
  }

  /** Before the start: the listener already knows this snapshot of an earlier time. */
  resume(snapshot: Snapshot): void {
    this.#state.resume(snapshot);
  }

  start(): void {
    this.#isRunning = true;
    this.#step({ kind: 'start' });
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelPause?.();
    this.#unwatch();
  }

  /** The listener has found that it does not know what the store holds. */
  diverged(): void {
    this.#step({ kind: 'diverged' });
  }

  /** Reads the store now; when this resolves, the listener knows everything that was in it at the call. Throws StoreError. */
  async refresh(): Promise<void> {
    const snapshot = await this.#options.store.read();
    this.#step({ kind: 'refreshed', snapshot, known: this.#options.known() });
  }

  #step(event: FollowEvent): void {
    if (!this.#isRunning) return;
    for (const action of this.#state.step(event)) this.#do(action);
  }

  #do(action: FollowAction): void {
    const { listener, scheduler } = this.#options;
    switch (action.kind) {
      case 'read':
        void this.#read();
        break;
      case 'watch':
        this.#startWatch(action.revision);
        break;
      case 'unwatch':
        this.#unwatch();
        break;
      case 'pause':
        this.#cancelPause = scheduler.after(action.ms, () => this.#step({ kind: 'paused' }));
        break;
      case 'load':
        listener.load(action.snapshot, action.comparable);
        break;
      case 'changes':
        listener.changes(action.revision, action.changes);
        break;
      case 'progress':
        listener.progress(action.revision);
        break;
      case 'doubt':
        listener.doubt(action.found, action.known);
        break;
      case 'trouble':
        listener.trouble(action.message);
        break;
    }
  }

  async #read(): Promise<void> {
    const { store, known, scheduler, listener } = this.#options;
    const read = ++this.#reads;
    const begun = scheduler.now();
    let event: FollowEvent;
    try {
      const snapshot = await store.read((entries) => listener.arriving(entries));
      event = { kind: 'read', snapshot, known: known(), tookMs: scheduler.now() - begun };
    } catch (error) {
      event = { kind: 'read-failed', message: error instanceof Error ? error.message : String(error) };
    }
    // Something newer may have been read, and the next read begun, meanwhile.
    if (read === this.#reads) this.#step(event);
  }

  /** Each watch has a listener of its own, so that a late word of a former one is not heard. */
  #startWatch(revision: number): void {
    this.#unwatch();
    let isCurrent = true;
    const tell = (event: FollowEvent) => {
      if (isCurrent) this.#step(event);
    };
    const heard: WatchListener = {
      changes: (at, changes) => tell({ kind: 'changes', revision: at, changes }),
      progress: (at) => tell({ kind: 'progress', revision: at }),
      trouble: (message) => tell({ kind: 'trouble', message }),
      ended: (reason) => {
        tell({ kind: 'ended', reason });
        isCurrent = false;
      },
    };
    const watch = this.#options.store.watch(revision, heard);
    this.#watch = {
      close() {
        isCurrent = false;
        watch.close();
      },
    };
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = null;
  }
}
