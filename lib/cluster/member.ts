import type { TableChange } from '../change.ts';
import { monotonicMs } from '../core/clock.ts';
import { Feed } from './feed.ts';
import type { WorkerLink } from './link.ts';

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
}

/** A worker as its primary knows it, and which changes it has yet to apply. */
export class Member {
  readonly number: number;
  readonly link: WorkerLink;
  readonly feed: Feed;
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
  /** In the order of their sequences. */
  readonly #waits: { readonly sequence: number; done(): void }[] = [];

  constructor(number: number, link: WorkerLink) {
    this.number = number;
    this.link = link;
    this.feed = new Feed(link);
  }

  /** How long it has served, or, if it has not, been there. */
  get livedMs(): number {
    return monotonicMs() - (this.#servesSince || this.#bornMs);
  }

  view(): WorkerView {
    const { link, state } = this;
    const ageMs = monotonicMs() - this.#bornMs;
    return { pid: link.pid, state, revision: this.#revision, behind: this.#waits.length, ageMs };
  }

  /** Lets it listen, once it has applied what it was told. */
  listen(): void {
    this.state = 'serving';
    this.#servesSince = monotonicMs();
    this.feed.follow({ kind: 'listen' });
  }

  /**
   * Sends changes. Resolves when it has applied them, or is gone; calls `onLate` if it takes longer than `mostMs` and a millisecond
   * for each change.
   */
  tell({ sequence, changes, whole, revision }: Told, mostMs: number, onLate: () => void): Promise<void> {
    this.feed.tell(sequence, changes, whole);
    const now = monotonicMs();
    // What was sent before is applied before.
    this.#dueMs = Math.max(this.#dueMs, now) + mostMs + changes.length;
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

  /** It has applied everything up to this sequence; Infinity: it is gone. */
  settle(sequence: number): void {
    while (this.#waits[0] !== undefined && this.#waits[0].sequence <= sequence) this.#waits.shift()?.done();
  }
}
