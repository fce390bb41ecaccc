import type { Scheduler } from '../core/scheduler.ts';
import type { OwnRecord } from './own-record.ts';

/** What the store says of who has it. */
export interface LeaseRecord {
  readonly holder: string;
  /** Milliseconds since the epoch; over by then unless it was prolonged. */
  readonly until: number;
}

/**
 * One of all instances at a time has it. Who is gone loses it after a while, and clocks may differ by less than that. Nothing rests
 * on it but that a CA is asked once.
 */
export class Lease {
  readonly #record: OwnRecord<LeaseRecord>;
  readonly #holder: string;
  readonly #scheduler: Scheduler;
  #cancel: (() => void) | null = null;

  constructor(record: OwnRecord<LeaseRecord>, holder: string, scheduler: Scheduler) {
    this.#record = record;
    this.#holder = holder;
    this.#scheduler = scheduler;
  }

  /** Runs the work if this instance gets it, and prolongs it until the work is done. Answers whether it did. Throws StoreError. */
  async hold(work: () => Promise<void>): Promise<boolean> {
    if (!(await this.#take())) return false;
    this.#prolong();
    try {
      await work();
    } finally {
      this.#cancel?.();
      await this.#record.update((now) => (now?.holder === this.#holder ? { ...now, until: 0 } : null));
    }
    return true;
  }

  async #take(): Promise<boolean> {
    const at = this.#scheduler.now();
    const mine = { holder: this.#holder, until: at + LEASE_MS };
    const now = await this.#record.update((held) =>
      held === null || held.until <= at || held.holder === this.#holder ? mine : null,
    );
    return now?.holder === this.#holder;
  }

  #prolong(): void {
    this.#cancel = this.#scheduler.after(LEASE_MS / 3, () => {
      this.#prolong();
      // Whoever has it by then goes on with the order; the next look finds a certificate that is new.
      void this.#take().catch(() => undefined);
    });
  }
}

const LEASE_MS = 60_000;
