import { monotonicMs } from '../core/clock.ts';
import type { RouteGate } from '../routing/route-gate.ts';

/** One request's way through what stands before it, the guard of its upstream for instance, and what the guard is to know of it in the end. Used again for others. */
export class Passage {
  /** Where it was not let through: when it may be, in seconds; 0: not known. */
  retryAfterS = 0;
  #guard: RouteGate | null = null;
  #generation = 0;
  #sinceMs = 0;

  /** It is through, and not over. */
  get held(): boolean {
    return this.#guard !== null;
  }

  /** 0: it is through; else the fault that answers the request. `now`: wheel time, as for all below. */
  enter(guard: RouteGate, now: number): number {
    const fault = guard.enter(now);
    if (fault !== 0) {
      this.retryAfterS = guard.retryAfterS(now);
      return fault;
    }
    this.#guard = guard;
    this.#generation = guard.generation;
    this.#sinceMs = monotonicMs();
    return 0;
  }

  /** The request is over, with that last status. */
  leave(status: number, now: number): void {
    this.handOver(status, now)?.free();
  }

  /** The request goes on as a tunnel: it has gone well or not, and whoever carries it on frees its place. */
  handOver(status: number, now: number): RouteGate | null {
    const guard = this.#guard;
    this.#guard = null;
    guard?.record(this.#generation, status, monotonicMs() - this.#sinceMs, now);
    return guard;
  }
}
