import type { TableChange } from '../change.ts';
import { monotonicMs } from '../core/clock.ts';
import { Feed } from './feed.ts';
import type { WorkerLink } from './link.ts';
import type { ToWorker } from './messages.ts';

/** A worker as an operator sees it. */
export interface WorkerView {
  /** 0: the same process. */
  readonly pid: number;
  readonly state: Member['state'];
  /** Of the store, at the last change of the table that it has applied; -1 before the first. */
  readonly revision: number;
  /** Number of changes it was told and has not applied yet. */
  readonly behind: number;
  readonly ageMs: number;
}

/** Changes of the table, and what the table is with them. */
export interface Told {
  readonly sequence: number;
  readonly changes: readonly TableChange[];
  readonly whole: boolean;
  /** Of the store. */
  readonly revision: number;
  /** How many changes were drafted that are applied with them; missing: they are not on top of a draft. */
  readonly drafted?: number;
}

/** A worker as its primary knows it, and which changes it has yet to apply. */
export class Member {
  readonly number: number;
  readonly link: WorkerLink;
  readonly #feed: Feed;
  state: 'starting' | 'standby' | 'serving' | 'draining' = 'starting';
  /** It has said that it is there, and has applied the table of then; or is gone. */
  readonly greeted: PromiseWithResolvers<void> = Promise.withResolvers();
  isListening = false;
  /** Its table is that of the image it was given. */
  hasImage = false;
  startBound: NodeJS.Timeout | undefined;
  readonly #bornMs = monotonicMs();
  #servesSince = 0;
  /** Of the store, at the last change that it has applied. */
  #revision = -1;
  /** When everything it was told should be applied. */
  #dueMs = 0;
  #gathered: { readonly changes: TableChange[]; tell(gathered: readonly TableChange[]): void } | null = null;
  #gathering: NodeJS.Timeout | undefined;
  /** In the order of their sequences. */
  readonly #waits: { readonly sequence: number; done(): void }[] = [];

  constructor(number: number, link: WorkerLink) {
    this.number = number;
    this.link = link;
    this.#feed = new Feed(link);
  }

  /** How long it has served, or, if it has not, been there. */
  get livedMs(): number {
    return monotonicMs() - (this.#servesSince || this.#bornMs);
  }

  view(): WorkerView {
    const { link, state } = this;
    const ageMs = monotonicMs() - this.#bornMs;
    return {
      pid: link.pid,
      state,
      revision: this.#revision,
      behind: this.#waits.length + (this.#gathered === null ? 0 : 1),
      ageMs,
    };
  }

  /** Lets it listen, once it has applied what it was told. */
  listen(): void {
    this.state = 'serving';
    this.#servesSince = monotonicMs();
    this.follow({ kind: 'listen' });
  }

  /** Sends a message behind every change that there is for it. */
  follow(message: ToWorker): void {
    this.#tellGathered();
    this.#feed.follow(message);
  }

  /**
   * Sends changes. Resolves when it has applied them, or is gone; calls `onLate` if it takes longer than `mostMs` and a millisecond
   * for each change.
   */
  tell({ sequence, changes, whole, revision, drafted }: Told, mostMs: number, onLate: () => void): Promise<void> {
    this.#feed.tell(sequence, changes, whole, drafted !== undefined);
    const now = monotonicMs();
    // What was sent before is applied before.
    this.#dueMs = Math.max(this.#dueMs, now) + mostMs + changes.length + (drafted ?? 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(onLate, this.#dueMs - now);
    this.#waits.push({
      sequence,
      done: () => {
        clearTimeout(timer);
        this.#revision = revision;
        resolve();
      },
    });
    return promise;
  }

  /** Tells what its first table will probably be made of. */
  draft(piece: Uint8Array): void {
    this.#feed.draft(piece);
  }

  /** Keeps changes of one that stands by for a while, to `tell` more at once: each by itself takes as much time as those that serve take for it. */
  gather(changes: readonly TableChange[], tell: (gathered: readonly TableChange[]) => void): void {
    this.#gathered ??= { changes: [], tell };
    for (const change of changes) this.#gathered.changes.push(change);
    if (this.#gathered.changes.length >= MOST_GATHERED) this.#tellGathered();
    else this.#gathering ??= setTimeout(() => this.#tellGathered(), GATHER_MS).unref();
  }

  #tellGathered(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const gathered = this.#gathered;
    this.#gathered = null;
    gathered?.tell(gathered.changes);
  }

  /** Nothing is told to it any more. */
  end(): void {
    clearTimeout(this.startBound);
    clearTimeout(this.#gathering);
    this.#gathered = null;
    this.settle(Infinity);
    this.greeted.resolve(undefined);
  }

  /** It has applied everything up to this sequence. */
  settle(sequence: number): void {
    while (this.#waits[0] !== undefined && this.#waits[0].sequence <= sequence) this.#waits.shift()?.done();
  }
}

const GATHER_MS = 1000;
const MOST_GATHERED = 1000;
