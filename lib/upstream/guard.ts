import type { BreakerNews, KnowingBreaker } from '../core/breaker-news.ts';
import { Fault } from '../core/faults.ts';
import { Breaker, BreakerState, outcomeOf } from './breaker.ts';
import type { BreakerOptions, FailureOptions } from './breaker.ts';
import { Outcome } from './window.ts';

/** What stands before an upstream as a whole. */
export interface GuardOptions {
  /** Null: no breaker. */
  readonly breaker: (BreakerOptions & FailureOptions) | null;
  /** Most requests at once in this process; 0: unbounded. */
  readonly concurrency: number;
}

/** Is told when there is news of a breaker. `urgent`: it is open or closed now, and others are to know at once. */
export interface GuardOwner {
  onBreakerNews(breaker: KnowingBreaker, urgent: boolean): void;
}

/** How many requests were not let through: too many were there, or the breaker was open. */
export interface Refused {
  refusedFull: number;
  refusedOpen: number;
}

/**
 * Lets a request through to an upstream, or answers the fault that it ends with: too many are there already, or so many have
 * failed that the upstream is left alone for a while. One per upstream that has such options, whatever becomes of its servers.
 */
export class Guard implements KnowingBreaker {
  readonly upstream: string;
  /** Requests that were let through and are not over. */
  inFlight = 0;
  readonly #refused: Refused;
  readonly #owner: GuardOwner | null;
  #options: GuardOptions;
  #breaker: Breaker | null;
  #good = 0;
  #slow = 0;
  #failed = 0;
  #turned = -1;

  /** `refused`: where it counts; it stays when there is no guard any more. */
  constructor(upstream: string, options: GuardOptions, owner: GuardOwner | null, refused: Refused) {
    this.#refused = refused;
    this.upstream = upstream;
    this.#owner = owner;
    this.#options = options;
    this.#breaker = options.breaker === null ? null : new Breaker(options.breaker);
  }

  get breaker(): Breaker | null {
    return this.#breaker;
  }

  /** New options; what goes on and what is known stays. */
  change(options: GuardOptions): void {
    this.#options = options;
    if (options.breaker === null) this.#breaker = null;
    else if (this.#breaker === null) this.#breaker = new Breaker(options.breaker);
    else this.#breaker.change(options.breaker);
  }

  /** 0: the request may go on, and `leave` or `record` and `free` are to follow; else the fault that answers it. */
  enter(now: number): number {
    const { concurrency } = this.#options;
    if (concurrency > 0 && this.inFlight >= concurrency) {
      this.#refused.refusedFull++;
      return Fault.UPSTREAM_FULL;
    }
    if (this.#breaker?.admit(now) === false) {
      this.#refused.refusedOpen++;
      return Fault.BREAKER_OPEN;
    }
    this.inFlight++;
    return 0;
  }

  /** What `enter` would answer, without letting anything through. */
  wouldRefuse(now: number): number {
    const { concurrency } = this.#options;
    if (concurrency > 0 && this.inFlight >= concurrency) return Fault.UPSTREAM_FULL;
    return this.#breaker?.wouldAdmit(now) === false ? Fault.BREAKER_OPEN : 0;
  }

  /** Of a request that has just been let through: which state of the breaker its result belongs to. */
  get generation(): number {
    return this.#breaker?.generation ?? 0;
  }

  /** How a request went: its last status, and what it took in milliseconds. */
  record(generation: number, status: number, ms: number, now: number): void {
    const breaker = this.#breaker;
    const options = this.#options.breaker;
    if (breaker === null || options === null) return;
    const outcome = outcomeOf(options.failures.has(status), ms, options.slowMs);
    if (breaker.state === BreakerState.CLOSED && generation === breaker.generation) this.#count(outcome);
    const hasTurned = breaker.record(generation, outcome, now);
    if (hasTurned) this.#turned = now;
    this.#owner?.onBreakerNews(this, hasTurned);
  }

  /** A request is over. */
  free(): void {
    this.inFlight--;
  }

  /** Seconds after which a request may be let through again; at least one. */
  retryAfterS(now: number): number {
    return Math.max(1, Math.ceil((this.#breaker?.remaining(now) ?? 0) / 1000));
  }

  /** What the others do not know yet, each thing once; null: nothing. */
  takeNews(now: number): BreakerNews | null {
    const turned =
      this.#turned === -1 ? null : { state: this.#breaker?.state ?? BreakerState.CLOSED, agoMs: now - this.#turned };
    const news = { upstream: this.upstream, good: this.#good, slow: this.#slow, failed: this.#failed, turned };
    this.#good = 0;
    this.#slow = 0;
    this.#failed = 0;
    this.#turned = -1;
    return turned === null && news.good + news.slow + news.failed === 0 ? null : news;
  }

  /** What another process has told. */
  learn({ good, slow, failed, turned }: BreakerNews, now: number): void {
    const breaker = this.#breaker;
    if (breaker === null) return;
    if (turned !== null) breaker.follow(turned.state, now - turned.agoMs);
    else if (breaker.state === BreakerState.CLOSED) {
      breaker.learn(Outcome.GOOD, good, now);
      breaker.learn(Outcome.SLOW, slow, now);
      breaker.learn(Outcome.FAILED, failed, now);
      if (breaker.state === BreakerState.CLOSED) return;
      // All who have heard the same come to the same, but a worker that starts later has not.
      this.#turned = now;
      this.#owner?.onBreakerNews(this, true);
    }
  }

  #count(outcome: number): void {
    if (outcome === Outcome.FAILED) this.#failed++;
    else if (outcome === Outcome.SLOW) this.#slow++;
    else this.#good++;
  }
}
