import { randomBytes } from 'node:crypto';
import type { TableChange } from '../change.ts';
import type { Log } from '../core/log.ts';
import type { Scheduler } from '../core/scheduler.ts';
import type { Seal } from '../core/seal.ts';
import { OWN, type Store } from '../store/store.ts';
import type { TicketSeed } from '../tls/tickets.ts';

export interface TicketRotationOptions {
  readonly store: Store;
  readonly seal: Seal;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly log: Log;
  /** How long a seed makes tickets; they are good for as long again. */
  readonly periodMs: number;
  /** Puts changes into force. */
  readonly apply: (changes: readonly TableChange[]) => Promise<void>;
}

/**
 * Keeps the seeds of session tickets, the same in all instances of a store: `~tls/tickets`, sealed where there is a secret. Whoever
 * first finds that the newest is old adds one, which begins once all others must have read it. A store that nobody shares is not
 * written: such an instance has seeds of its own, which end with it.
 */
export class TicketRotation {
  readonly #options: TicketRotationOptions;
  #seeds: readonly TicketSeed[] = [];
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(options: TicketRotationOptions) {
    this.#options = options;
  }

  /** Looks at once, and then again and again. */
  async start(): Promise<void> {
    const { scheduler, random, periodMs } = this.#options;
    await this.look();
    // Not all instances at once.
    if (!this.#isStopped)
      this.#cancel = scheduler.after((periodMs / LOOKS) * (0.75 + random() / 4), () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** Brings the seeds here to those of the store, and rotates them where that is due. */
  async look(): Promise<void> {
    const { store, log, apply } = this.#options;
    const before = JSON.stringify(this.#seeds);
    try {
      if (store.presence === undefined || store.own === undefined)
        this.#seeds = this.#rotated(this.#seeds) ?? this.#seeds;
      else await this.#share(store);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'keys of session tickets cannot be shared: those that are known stay');
      if (this.#seeds.length === 0) this.#seeds = this.#rotated([]) ?? [];
    }
    const document = JSON.stringify(this.#seeds);
    if (document !== before) await apply([{ kind: 'tickets', name: 'tickets', document }]);
  }

  async #share(store: Store): Promise<void> {
    const { seal } = this.#options;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const [entry] = (await store.own?.list(KEY)) ?? [];
      const stored = entry === undefined ? [] : this.#opened(entry.value);
      const rotated = this.#rotated(stored);
      if (rotated === null) {
        this.#seeds = stored;
        return;
      }
      const value = seal.seal(JSON.stringify(rotated), KEY);
      if ((await store.write([{ key: KEY, value, expected: entry?.revision ?? 0 }])) === null) continue;
      this.#seeds = rotated;
      return;
    }
  }

  /** What cannot be read is replaced: an old secret was taken away, and tickets with it. */
  #opened(value: string): readonly TicketSeed[] {
    try {
      // Nobody else writes there.
      return JSON.parse(this.#options.seal.open(value, KEY)) as readonly TicketSeed[];
    } catch {
      return [];
    }
  }

  /** With a seed more and without those that are over; null: it is not time yet. */
  #rotated(seeds: readonly TicketSeed[]): readonly TicketSeed[] | null {
    const { scheduler, periodMs } = this.#options;
    const now = scheduler.now();
    const newest = Math.max(...seeds.map(({ from }) => from), -Infinity);
    if (newest + periodMs - this.#noticeMs > now) return null;
    const next = {
      secret: randomBytes(SECRET_BYTES).toString('base64'),
      from: seeds.length === 0 ? now : now + this.#noticeMs,
    };
    return [next, ...seeds.filter(({ from }) => from + 2 * periodMs > now)].slice(0, MAX_SEEDS);
  }

  /** By then everybody has looked, twice. */
  get #noticeMs(): number {
    return (2 * this.#options.periodMs) / LOOKS;
  }
}

const KEY = `${OWN}tls/tickets`;
/** In a period. */
const LOOKS = 16;
const MAX_TRIES = 5;
const MAX_SEEDS = 4;
const SECRET_BYTES = 32;
