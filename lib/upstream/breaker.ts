import { CountWindow, Outcome, TimeWindow, type Window } from './window.ts';

/** When an upstream is left alone as a whole. Rates are whole percents, as are the shares they are compared with. */
export interface BreakerOptions {
  /** The last calls, or the calls of the last seconds. */
  readonly window: 'count' | 'time';
  /** Number of calls, or of seconds. */
  readonly size: number;
  /** Share of failures that opens it. */
  readonly failureRate: number;
  /** Share of slow calls that opens it. */
  readonly slowRate: number;
  /** From here on a call is slow. */
  readonly slowMs: number;
  /** Fewer calls than these decide nothing. */
  readonly minimum: number;
  readonly openMs: number;
  /** Calls that are let through while it is half open. */
  readonly trial: number;
  /** How long it may stay half open; 0: until the trial is over. */
  readonly trialMs: number;
}

/** Which of a request's last statuses count as failures. */
export interface FailureOptions {
  readonly failures: ReadonlySet<number>;
}

export const BreakerState = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 } as const;

/**
 * A circuit breaker (M. Nygard, "Release It!"; windows and rules as in Resilience4j): one upstream's calls, and whether the
 * next one is let through.
 *
 *     CLOSED --too many failures or slow calls--> OPEN --openMs, then a call--> HALF_OPEN --good trial--> CLOSED
 *                                                  ^-------bad trial, or trialMs-------'
 *
 * Time is given from outside, in milliseconds.
 */
export class Breaker {
  state: number = BreakerState.CLOSED;
  /** Since when it is in this state. */
  since = 0;
  /** Grows with every change of state: a call that began before it says nothing about the present one. */
  generation = 0;
  options: BreakerOptions;
  #window: Window;
  /** Calls let through while half open. */
  #admitted = 0;

  constructor(options: BreakerOptions) {
    this.options = options;
    this.#window = windowOf(options);
  }

  /** New options; the state stays, and the calls seen so far if their window is the same. */
  change(options: BreakerOptions): void {
    const { window, size } = this.options;
    this.options = options;
    if (this.state !== BreakerState.HALF_OPEN && (options.window !== window || options.size !== size)) {
      this.#window = windowOf(options);
    }
  }

  /** Whether a call may be made now. The call's result is to be recorded with the `generation` after this. */
  admit(now: number): boolean {
    const { openMs, trial, trialMs } = this.options;
    if (this.state === BreakerState.CLOSED) return true;
    if (this.state === BreakerState.HALF_OPEN) {
      if (this.#admitted < trial) {
        this.#admitted++;
        return true;
      }
      if (trialMs > 0 && now - this.since >= trialMs) this.#enter(BreakerState.OPEN, now);
      return false;
    }
    if (now - this.since < openMs) return false;
    this.#enter(BreakerState.HALF_OPEN, now);
    this.#admitted = 1;
    return true;
  }

  /** What `admit` would answer, without a change. */
  wouldAdmit(now: number): boolean {
    const { openMs, trial } = this.options;
    if (this.state === BreakerState.HALF_OPEN) return this.#admitted < trial;
    return this.state === BreakerState.CLOSED || now - this.since >= openMs;
  }

  /** How a call went that was let through in `generation`; true if that changed the state. */
  record(generation: number, outcome: number, now: number): boolean {
    if (generation !== this.generation || this.state === BreakerState.OPEN) return false;
    this.#window.add(outcome, now);
    return this.#decide(now);
  }

  /** Calls that others have made while they found it closed. */
  learn(outcome: number, count: number, now: number): boolean {
    if (this.state !== BreakerState.CLOSED) return false;
    for (let i = 0; i < count; i++) this.#window.add(outcome, now);
    return this.#decide(now);
  }

  /** Others have found it open, or closed again. `since`: since when. */
  follow(state: number, since: number): void {
    if (state !== this.state) this.#enter(state, since);
    else if (state === BreakerState.OPEN) this.since = Math.max(this.since, since);
  }

  /** Until a call is let through again, in milliseconds; 0 unless open. */
  remaining(now: number): number {
    return this.state === BreakerState.OPEN ? Math.max(0, this.since + this.options.openMs - now) : 0;
  }

  #decide(now: number): boolean {
    const { failureRate, slowRate, minimum, trial } = this.options;
    const isTrial = this.state === BreakerState.HALF_OPEN;
    this.#window.age(now);
    const { calls, failures, slow } = this.#window;
    if (calls === 0 || calls < (isTrial ? Math.min(minimum, trial) : minimum)) return false;
    const isBad = Math.floor((failures * 100) / calls) >= failureRate || Math.floor((slow * 100) / calls) >= slowRate;
    if (!isBad && !isTrial) return false;
    this.#enter(isBad ? BreakerState.OPEN : BreakerState.CLOSED, now);
    return true;
  }

  #enter(state: number, now: number): void {
    this.state = state;
    this.since = now;
    this.generation++;
    this.#admitted = 0;
    this.#window = state === BreakerState.HALF_OPEN ? new CountWindow(this.options.trial) : windowOf(this.options);
  }
}

/** How a call went by its last status and its duration. */
export function outcomeOf(isFailure: boolean, ms: number, slowMs: number): number {
  if (isFailure) return Outcome.FAILED;
  return ms >= slowMs ? Outcome.SLOW : Outcome.GOOD;
}

function windowOf({ window, size }: BreakerOptions): Window {
  return window === 'count' ? new CountWindow(size) : new TimeWindow(size);
}
