import type { FleetControl, FleetMember } from '../control.ts';
import type { Log } from '../core/log.ts';
import { elapsed, type Scheduler } from '../core/scheduler.ts';
import { OWN } from '../store/store.ts';
import type { Store } from '../store/store.ts';

/** What an instance says of itself that changes. */
export interface FleetState {
  /** Of the store, that every worker serves; -1 before the first. */
  readonly revision: number;
  /** Of what the store held then. */
  readonly hash: string;
  /** Number of keys that it refuses. */
  readonly rejected: number;
  /** Number of keys changed there and not dumped. */
  readonly overlays: number;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly reason: string | null;
}

export interface FleetOptions {
  /** Of this instance, unlike all others. */
  readonly id: string;
  readonly about: {
    readonly version: string;
    readonly host: string;
    readonly pid: number;
    readonly started_at: string;
  };
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Null while something newer than it is on its way to the workers. */
  readonly state: () => FleetState | null;
  /** Resolves with true once this instance serves a revision, with false after `ms`. */
  readonly served: (revision: number, ms: number) => Promise<boolean>;
}

type Announced = FleetOptions['about'] & FleetState & { readonly id: string };

/**
 * The instances that follow one store, as each says it of itself in a key of its own that goes with it:
 * `~instances/$id` -> version, revision, hash, readiness.
 *
 * An instance tells its revision anew only when something else has changed, too: news of others' keys moves the revision of the
 * store, and a fleet that told that would never come to rest. So two instances are equal if they have the same hash, whatever
 * their revisions; else the one with the lower revision lags.
 */
export class Fleet implements FleetControl {
  readonly #options: FleetOptions;
  #announced: Announced | null = null;
  #cancel: (() => void) | null = null;
  /** When the next announcement is due. */
  #dueAt = Infinity;
  /** When something new was told last. */
  #newsAt = -Infinity;
  #isRunning = false;
  #isAnnouncing = false;
  #isInTrouble = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Of this instance. */
  get id(): string {
    return this.#options.id;
  }

  start(): void {
    this.#isRunning = true;
    this.#again(this.#options.scheduler.now());
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    try {
      if (!this.#isInTrouble) await this.#options.store.presence?.withdraw();
    } catch {
      // It goes by itself.
    }
  }

  /** Something of the state has changed: it is told soon. */
  changed(): void {
    if (!this.#isRunning || this.#isAnnouncing || this.#isInTrouble) return;
    const at = this.#soonAt();
    if (at < this.#dueAt && this.#hasNews()) this.#again(at);
  }

  async members(): Promise<readonly FleetMember[]> {
    const { id, store } = this.#options;
    const entries = store.presence === undefined ? [] : ((await store.own?.list(INSTANCES)) ?? []);
    // Nobody else writes there.
    const told = entries.map(({ value }) => JSON.parse(value) as Announced);
    const self = this.#self();
    const all = [...(self === null ? [] : [self]), ...told.filter((other) => other.id !== id || self === null)];
    const [first] = all.toSorted((a, b) => b.revision - a.revision);
    return all
      .map((one): FleetMember => {
        const lags = first !== undefined && one.hash !== first.hash && one.revision < first.revision;
        return { ...one, self: one.id === id, lags };
      })
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async until(revision: number, ms: number): Promise<readonly string[]> {
    const { id, scheduler, served } = this.#options;
    const end = scheduler.now() + ms;
    if (!(await served(revision, ms))) return [id];
    for (;;) {
      const members = await this.members();
      const self = members.find((member) => member.self);
      const late = members.filter((one) => !one.self && one.revision < revision && one.hash !== self?.hash);
      const left = end - scheduler.now();
      if (late.length === 0 || left <= 0) return late.map((one) => one.id);
      await this.#pause(Math.min(LOOK_MS, left));
    }
  }

  #self(): Announced | null {
    const { id, about, state } = this.#options;
    const now = state();
    return now === null ? this.#announced : { id, ...about, ...now };
  }

  /** When news are told: to tell them costs more than what a change does otherwise. */
  #soonAt(): number {
    return Math.max(this.#options.scheduler.now() + SOON_MS, this.#newsAt + LEAST_MS);
  }

  #again(at: number): void {
    if (at >= this.#dueAt) return;
    const { scheduler } = this.#options;
    this.#cancel?.();
    this.#dueAt = at;
    this.#cancel = scheduler.after(Math.max(0, at - scheduler.now()), () => {
      this.#dueAt = Infinity;
      void this.#announce();
    });
  }

  #hasNews(): boolean {
    const self = this.#self();
    return self !== null && (this.#announced === null || !isSame(self, this.#announced));
  }

  async #announce(): Promise<void> {
    const { id, store, log } = this.#options;
    const { presence } = store;
    if (presence === undefined) return;
    this.#isAnnouncing = true;
    try {
      if (this.#hasNews()) {
        this.#announced = this.#self();
        this.#newsAt = this.#options.scheduler.now();
      }
      if (this.#announced !== null) {
        await presence.announce(INSTANCES + id, JSON.stringify(this.#announced));
      }
      if (this.#isInTrouble) log.info('seen by the other instances again');
      this.#isInTrouble = false;
    } catch (error) {
      if (!this.#isInTrouble) log.warn({ reason: String(error) }, 'not seen by the other instances');
      this.#isInTrouble = true;
    }
    this.#isAnnouncing = false;
    if (!this.#isRunning) return;
    const isBehind = !this.#isInTrouble && this.#hasNews();
    this.#again(isBehind ? this.#soonAt() : this.#options.scheduler.now() + presence.everyMs);
  }

  #pause(ms: number): Promise<void> {
    return elapsed(this.#options.scheduler, ms);
  }
}

/** But for the revision. */
function isSame(a: Announced, b: Announced): boolean {
  return JSON.stringify({ ...a, revision: 0 }) === JSON.stringify({ ...b, revision: 0 });
}

const INSTANCES = `${OWN}instances/`;
/** Changes that come together are told together. */
const SOON_MS = 100;
/** Between two announcements of something new. */
const LEAST_MS = 1000;
const LOOK_MS = 100;
