import type { CheckOptions } from '../upstream/options/checks.ts';
import { Verdict, type CheckPlace } from './check.ts';
import type { Checked, CheckedOwner, Checker } from './checker.ts';
import { makeCheck, type CheckMeans } from './make-check.ts';
import { RiseFall } from './rise-fall.ts';

/** A server of an upstream that is checked, or shares the check with equal ones. */
export interface CheckUser {
  /** The state is another one: see `check.riseFall`. */
  onCheckTurned(check: SharedCheck): void;
}

/**
 * Checks by what they are: the same address checked in the same way is checked once, in however many upstreams it is. A check
 * lives as long as somebody uses it, and its state with it.
 */
export class SharedChecks {
  readonly #checkerOf: (kind: CheckOptions['kind']) => Checker;
  readonly #clock: () => number;
  readonly #checks = new Map<string, SharedCheck>();
  /** Numbers of the ways to check there have been: short names of their options. */
  readonly #ways = new Map<string, number>();

  constructor(checkerOf: (kind: CheckOptions['kind']) => Checker, clock: () => number) {
    this.#checkerOf = checkerOf;
    this.#clock = clock;
  }

  get size(): number {
    return this.#checks.size;
  }

  /** The check of that place for one more user. */
  use(user: CheckUser, options: CheckOptions, place: CheckPlace, means: CheckMeans): SharedCheck {
    const port = options.port ?? place.port;
    const identity = `${this.#way(options, means)} ${place.host} ${port} ${place.name}`;
    let check = this.#checks.get(identity);
    if (check === undefined) {
      check = new SharedCheck(identity, options, this.#clock);
      this.#checks.set(identity, check);
      check.begin(
        this.#checkerOf(options.kind).add(
          makeCheck(options, { ...place, port, via: means.via }, means),
          options,
          check,
        ),
      );
    }
    check.users.add(user);
    return check;
  }

  release(user: CheckUser, check: SharedCheck): void {
    check.users.delete(user);
    if (check.users.size > 0) return;
    this.#checks.delete(check.identity);
    check.end();
    if (this.#checks.size === 0) this.#ways.clear();
  }

  #way(options: CheckOptions, { secure, tls, greeting, via }: CheckMeans): number {
    const text = JSON.stringify([options, secure, tls, greeting, via]);
    const way = this.#ways.get(text) ?? this.#ways.size;
    this.#ways.set(text, way);
    return way;
  }
}

/** One check and what it has found, with everybody who goes by it. */
export class SharedCheck implements CheckedOwner {
  readonly identity: string;
  readonly options: CheckOptions;
  readonly riseFall: RiseFall;
  readonly users = new Set<CheckUser>();
  readonly #clock: () => number;
  #checked: Checked | null = null;
  /** When real requests were last answered well, and when badly, by the clock; 0: never. */
  #goodAt = 0;
  #badAt = 0;
  /** Checks in a row that were spared because of that. */
  #spared = 0;

  constructor(identity: string, options: CheckOptions, clock: () => number) {
    this.identity = identity;
    this.options = options;
    this.riseFall = new RiseFall(clock());
    this.#clock = clock;
  }

  begin(checked: Checked): void {
    this.#checked = checked;
  }

  end(): void {
    this.#checked?.close();
  }

  get usable(): boolean {
    return this.riseFall.usable(this.options);
  }

  /** A worker has seen real requests answered. */
  saw(good: boolean, bad: boolean): void {
    const now = this.#clock();
    if (good) this.#goodAt = now;
    if (bad) this.#badAt = now;
  }

  /**
   * A server that is up and has answered since its last check was due, without a failure, is as good as checked; but a server
   * may also tell by its check that it wants no more requests, so one of four is made all the same.
   */
  spared(): boolean {
    if (!this.#isBusy || this.riseFall.state !== 'up' || this.#spared === MOST_SPARED) {
      this.#spared = 0;
      return false;
    }
    this.#spared++;
    this.#take(Verdict.PASS, 'answers requests');
    return true;
  }

  get #isBusy(): boolean {
    // Most are idle, and nobody asks the clock for those.
    if (this.#goodAt === 0 || !this.options.spareBusy) return false;
    const since = this.#clock() - this.options.intervalMs - NEWS_MS;
    return this.#goodAt > since && this.#badAt <= since;
  }

  onVerdict(verdict: number, reason: string): void {
    this.#take(verdict, reason);
  }

  #take(verdict: number, reason: string): void {
    if (!this.riseFall.take(verdict, reason, this.options, this.#clock)) return;
    for (const user of this.users) user.onCheckTurned(this);
  }
}

const MOST_SPARED = 3;

/** How late a worker's news may be beyond its time: two ticks, and the way. */
const NEWS_MS = 150;
