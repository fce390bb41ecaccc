import { routeBreaker, type BreakerTies } from '../lib/core/breaker-news.ts';
import { Guard, type GuardOptions } from '../lib/upstream/guard.ts';

/** The state of breakers in graphs: what stands before a way, tied to its like in the other workers or for itself. */
export class RouteGuard {
  readonly gate: Guard;
  readonly #name: string;
  readonly #ties: BreakerTies | null;

  /** `id`: what it is known by in all workers. */
  constructor(id: string, options: GuardOptions, ties: BreakerTies | null) {
    this.#name = routeBreaker(id);
    this.#ties = ties;
    this.gate = new Guard(this.#name, options, ties, { refusedFull: 0, refusedOpen: 0 });
    ties?.join(this.#name, this.gate);
  }

  close(): void {
    this.#ties?.leave(this.#name, this.gate);
  }
}
