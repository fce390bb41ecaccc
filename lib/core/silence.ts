import type { Scheduler } from './scheduler.ts';

/** Falls when nothing was heard for a while. */
export class Silence {
  readonly #scheduler: Scheduler;
  readonly #ms: number;
  readonly #fallen: PromiseWithResolvers<void> = Promise.withResolvers();
  #cancel: () => void;

  constructor(scheduler: Scheduler, ms: number) {
    this.#scheduler = scheduler;
    this.#ms = ms;
    this.#cancel = this.#wait();
  }

  /** Resolves when it has fallen, for good. */
  get fallen(): Promise<void> {
    return this.#fallen.promise;
  }

  /** Something was heard. */
  broken(): void {
    this.#cancel();
    this.#cancel = this.#wait();
  }

  #wait(): () => void {
    return this.#scheduler.after(this.#ms, () => this.#fallen.resolve());
  }
}
