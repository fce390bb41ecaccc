import { Verdict } from './check.ts';

/** When findings become a state. */
export interface RiseFallOptions {
  /** Passed checks in a row that make a server up, failed ones in a row that make it down. */
  readonly rise: number;
  readonly fall: number;
  /** Whether it may be used before anything is known of it. */
  readonly initial: 'up' | 'down';
}

/**
 * What the checks of one address amount to. One of which nothing is known counts as `initial` says; where that is up, the
 * first check that passes makes known what was assumed.
 *
 *     unknown --fall failures--> down
 *     unknown --one pass (initial up) or rise passes (initial down)--> up
 *     up      --fall failures--> down --rise passes--> up
 */
export class RiseFall {
  state: 'unknown' | 'up' | 'down' = 'unknown';
  /** What the last check found. */
  reason = 'not checked yet';
  /** Since when it is in this state, by its owner's clock. */
  since: number;
  /** In a row. */
  passes = 0;
  failures = 0;

  constructor(now: number) {
    this.since = now;
  }

  /** Takes over what was known before, by other checks of the same server. */
  assume({ state, reason, since }: Pick<RiseFall, 'state' | 'reason' | 'since'>): void {
    this.state = state;
    this.reason = reason;
    this.since = since;
  }

  usable({ initial }: RiseFallOptions): boolean {
    return this.state === 'unknown' ? initial === 'up' : this.state === 'up';
  }

  /** Takes a finding; true if the state is another one now. The clock is asked for only then. */
  take(verdict: number, reason: string, { rise, fall, initial }: RiseFallOptions, clock: () => number): boolean {
    this.reason = reason;
    if (verdict === Verdict.NONE) return false;
    const passed = verdict === Verdict.PASS;
    this.passes = passed ? this.passes + 1 : 0;
    this.failures = passed ? 0 : this.failures + 1;
    const next = passed ? 'up' : 'down';
    if (this.state === next) return false;
    const isAssumed = this.state === 'unknown' && initial === 'up';
    if (passed ? this.passes < rise && !isAssumed : this.failures < fall) return false;
    this.state = next;
    this.since = clock();
    return true;
  }
}
