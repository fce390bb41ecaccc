import type { Scheduler } from '../core/scheduler.ts';

/** A revision on its way to the workers. */
interface Step {
  readonly revision: number;
  isDone: boolean;
}

interface Waiter {
  readonly revision: number;
  readonly settle: (isServed: boolean) => void;
}

/** The revision of the store that every worker serves, and who waits for one. */
export class Served {
  readonly #scheduler: Scheduler;
  readonly #onMove: () => void;
  #revision = -1;
  /** In the order in which they were sent. */
  readonly #steps: Step[] = [];
  readonly #waiters = new Set<Waiter>();

  /** `onMove`: everything that was on its way is served. */
  constructor(scheduler: Scheduler, onMove: () => void = () => undefined) {
    this.#scheduler = scheduler;
    this.#onMove = onMove;
  }

  /** -1 before the first. Goes back only where the store did. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether nothing newer is on its way. */
  get isCurrent(): boolean {
    return this.#steps.length === 0;
  }

  /** The table is at `revision` from when `applied` resolves. */
  reach(revision: number, applied: Promise<void>): void {
    const step = { revision, isDone: false };
    this.#steps.push(step);
    void applied.then(() => {
      step.isDone = true;
      this.#settle();
    });
  }

  /** Resolves with true once `revision` or a later one is served, with false after `ms`. */
  until(revision: number, ms: number): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (isServed: boolean): void => {
      cancel();
      this.#waiters.delete(waiter);
      resolve(isServed);
    };
    const waiter = { revision, settle };
    const cancel = this.#scheduler.after(ms, () => settle(false));
    this.#waiters.add(waiter);
    return promise;
  }

  #settle(): void {
    while (this.#steps[0]?.isDone === true) this.#revision = this.#steps.shift()?.revision ?? this.#revision;
    for (const waiter of this.#waiters) if (waiter.revision <= this.#revision) waiter.settle(true);
    if (this.isCurrent) this.#onMove();
  }
}
