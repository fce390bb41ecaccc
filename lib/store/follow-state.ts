import type { Change, Snapshot, WatchEnd } from './store.ts';

export type FollowEvent =
  | { readonly kind: 'start' }
  /** A read that was asked for by an action. `known`: keys that are in force now. */
  | { readonly kind: 'read'; readonly snapshot: Snapshot; readonly known: number; readonly tookMs: number }
  | { readonly kind: 'read-failed'; readonly message: string }
  /** A read that somebody else wanted. */
  | { readonly kind: 'refreshed'; readonly snapshot: Snapshot; readonly known: number }
  | { readonly kind: 'changes'; readonly revision: number; readonly changes: readonly Change[] }
  | { readonly kind: 'progress'; readonly revision: number }
  | { readonly kind: 'trouble'; readonly message: string | null }
  | { readonly kind: 'ended'; readonly reason: WatchEnd }
  /** What was told is not what the store holds. */
  | { readonly kind: 'diverged' }
  | { readonly kind: 'paused' };

export type FollowAction =
  | { readonly kind: 'read' }
  | { readonly kind: 'watch'; readonly revision: number }
  | { readonly kind: 'unwatch' }
  /** Answer with `paused` after `ms`. */
  | { readonly kind: 'pause'; readonly ms: number }
  /** `comparable`: the snapshot's revisions continue those told before. */
  | { readonly kind: 'load'; readonly snapshot: Snapshot; readonly comparable: boolean }
  | { readonly kind: 'changes'; readonly revision: number; readonly changes: readonly Change[] }
  | { readonly kind: 'progress'; readonly revision: number }
  /** A read that lost most keys is not believed yet. */
  | { readonly kind: 'doubt'; readonly found: number; readonly known: number }
  /** Told once per change of state; null: all is well. */
  | { readonly kind: 'trouble'; readonly message: string | null };

/**
 * Decides how a store is followed: read everything, watch from there, and after any failure resume with the least that is
 * sure to miss nothing. It knows no clock and no store, only events and actions.
 *
 * ```
 *            read              ended: compacted
 *   reading ------> watching -------------------> pausing -> reading
 *      |  ^            |  ^  ended: lost                        (also: a doubtful read, once)
 *      v  |            v  |
 *     pausing         pausing
 * ```
 *
 * Only a read, or news of the live watch, moves the revision. A read that follows a failure and has lost more than half of
 * the keys is doubted: it counts when a second read says the same.
 */
export class FollowState {
  readonly #random: () => number;
  #phase: 'new' | 'reading' | 'watching' | 'pausing' = 'new';
  #afterPause: 'read' | 'watch' = 'read';
  #revision = -1;
  #cluster: string | null = null;
  /** Time of the last read. */
  #readMs = 0;
  /** Failures in a row. */
  #failures = 0;
  #isDoubting = false;
  /** What was last told as trouble; `undefined` before the first word. */
  #trouble: string | null | undefined = undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  get revision(): number {
    return this.#revision;
  }

  /**
   * What is in force is already that of a snapshot of an earlier time. The first read does not continue it: which changes made
   * here are older than what it brings, nobody can say.
   */
  resume({ revision }: Snapshot): void {
    this.#revision = revision;
  }

  /** The next thing to do; an event that no longer means anything answers nothing. */
  step(event: FollowEvent): FollowAction[] {
    switch (event.kind) {
      case 'start':
        return this.#read();
      case 'read':
        this.#readMs = event.tookMs;
        return this.#phase === 'reading' ? this.#accept(event.snapshot, event.known) : [];
      case 'read-failed':
        return this.#phase === 'reading' ? this.#fail('read', event.message) : [];
      case 'refreshed':
        return this.#refresh(event.snapshot, event.known);
      case 'changes':
      case 'progress':
        return this.#advance(event);
      case 'trouble':
        return this.#tell(event.message);
      case 'ended':
        if (this.#phase !== 'watching') return [];
        return this.#fail(event.reason.kind === 'compacted' ? 'read' : 'watch', event.reason.message);
      case 'diverged':
        if (this.#phase !== 'watching') return [];
        // Its history is not ours, whatever its revisions say.
        this.#cluster = null;
        return [{ kind: 'unwatch' }, ...this.#read()];
      case 'paused':
        if (this.#phase !== 'pausing') return [];
        return this.#afterPause === 'read' ? this.#read() : this.#watch();
    }
  }

  #read(): FollowAction[] {
    this.#phase = 'reading';
    return [{ kind: 'read' }];
  }

  #watch(): FollowAction[] {
    this.#phase = 'watching';
    return [{ kind: 'watch', revision: this.#revision }];
  }

  #fail(next: 'read' | 'watch', message: string): FollowAction[] {
    this.#failures++;
    const ms = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (this.#failures - 1));
    return [...this.#tell(message), ...this.#pause(next, ms + (next === 'read' ? this.#spreadMs() : 0))];
  }

  /**
   * All instances of a fleet may have to read again at once. There is something to serve meanwhile, so they take turns: of a
   * hundred, some five read at the same time.
   */
  #spreadMs(): number {
    if (this.#revision === -1) return 0;
    return this.#random() * Math.min(MAX_SPREAD_MS, SPREAD * this.#readMs);
  }

  /** Half of the time is random: a fleet does not come back in step. */
  #pause(next: 'read' | 'watch', ms: number): FollowAction[] {
    this.#phase = 'pausing';
    this.#afterPause = next;
    return [{ kind: 'pause', ms: ms * (0.5 + this.#random() / 2) }];
  }

  #accept(snapshot: Snapshot, known: number): FollowAction[] {
    const found = snapshot.entries.length;
    if (known > 0 && found < known / 2 && !this.#isDoubting) {
      this.#isDoubting = true;
      return [{ kind: 'doubt', found, known }, ...this.#pause('read', DOUBT_MS)];
    }
    return [...this.#load(snapshot), ...this.#watch()];
  }

  #load(snapshot: Snapshot): FollowAction[] {
    const comparable = this.#cluster === snapshot.cluster && snapshot.revision >= this.#revision;
    this.#isDoubting = false;
    this.#revision = snapshot.revision;
    this.#cluster = snapshot.cluster;
    return [{ kind: 'load', snapshot, comparable }];
  }

  #refresh(snapshot: Snapshot, known: number): FollowAction[] {
    if (this.#phase === 'pausing' && this.#afterPause === 'read') return this.#acceptWhilePausing(snapshot, known);
    if (this.#phase === 'reading') return this.#accept(snapshot, known);
    if (this.#cluster !== snapshot.cluster)
      return [{ kind: 'unwatch' }, ...this.#fail('read', 'another cluster answers')];
    // Older than what the watch has told meanwhile.
    if (snapshot.revision <= this.#revision) return [];
    return this.#load(snapshot);
  }

  /** A read that was due anyway; the pause goes on, to the watch. */
  #acceptWhilePausing(snapshot: Snapshot, known: number): FollowAction[] {
    if (snapshot.entries.length < known / 2) return [];
    this.#afterPause = 'watch';
    return this.#load(snapshot);
  }

  #advance(news: Extract<FollowEvent, { kind: 'changes' | 'progress' }>): FollowAction[] {
    if (this.#phase !== 'watching') return [];
    this.#failures = 0;
    const told = this.#trouble === null ? [] : this.#tell(null);
    // A read has overtaken the watch.
    if (news.revision <= this.#revision) return told;
    this.#revision = news.revision;
    return [...told, news];
  }

  #tell(message: string | null): FollowAction[] {
    const isSame = (this.#trouble ?? null) === null ? this.#trouble === message : message !== null;
    if (isSame) return [];
    this.#trouble = message;
    return [{ kind: 'trouble', message }];
  }
}

const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;
/** Reads are spread over so many times of what one takes. */
const SPREAD = 20;
const MAX_SPREAD_MS = 60_000;
/** Before a doubtful read is repeated. */
const DOUBT_MS = 1000;
