import { monotonicMs } from '../core/clock.ts';

/** A request that has come while ELB had more to do than it can: begun later, or refused. Linked into the gate by itself. */
export interface Waiter {
  /** Neighbours among those that wait; owned by the gate. */
  newer: Waiter | null;
  older: Waiter | null;
  /** When it began to wait, in milliseconds of `performance.now`; 0 while it does not. */
  waitingSince: number;
  /** Its turn has come. */
  begin(): void;
  /** It has waited too long: it is answered 503 now. */
  shed(): void;
}

export interface GateOptions {
  /** What a turn of the loop may spend on beginning requests before the rest of them waits. */
  readonly turnMs?: number;
  /** Longest wait. */
  readonly waitMs?: number;
  /** Most that wait at once. */
  readonly mostWaiting?: number;
  readonly clock?: () => number;
  /** Runs once after the loop has looked at its sockets. */
  readonly afterPoll?: (run: () => void) => void;
}

/**
 * What happens to requests while a worker is overloaded. Without it, each turn of the loop handles whatever has arrived, so that
 * the more arrives the longer all wait, until nobody is answered in time. With it a turn begins requests for a moment only, then
 * goes on with those under way; who came later than that waits:
 *
 *     arrives --- within turnMs ---> begun
 *        \                             ^
 *         +--> waits, newest first ----+   in turns that have time left
 *                   \
 *                    +--> 503 + Retry-After, oldest first, after waitMs
 *
 * Newest first, because whoever has waited long has probably given up (B. Maurer, "Fail at Scale", ACM Queue 13.8, 2015). A client
 * that waits sends no other request, and what is shed in one turn is a share of what is begun in it: so
 * shedding, which costs a third of an answer, cannot take the time of those that are served, however many ask.
 *
 * Not so the first time, for six times `waitMs`: a program that has just begun is slow because its code is not compiled yet, which passes
 * by itself. Until then all wait in turn and nobody is shed; whoever came first would wait in vain where clients ask again at once.
 */
export class Gate {
  /** Requests answered 503 so far. */
  shedCount = 0;
  readonly #turnMs: number;
  readonly #waitMs: number;
  readonly #mostWaiting: number;
  readonly #clock: () => number;
  readonly #afterPoll: (run: () => void) => void;
  readonly #onTurn = (): void => this.#turn();
  #newest: Waiter | null = null;
  #oldest: Waiter | null = null;
  #waiting = 0;
  /** When this turn began its first request; 0 before. */
  #turnSince = 0;
  #begun = 0;
  /** Until then nobody waits in vain; 0 before it was in the way for the first time. */
  #patientUntil = 0;
  /** Somebody has connected in this turn or the last one. */
  #newcomers = 0;
  /** `#turn` is to run after this poll. */
  #armed = false;

  constructor(options: GateOptions = {}) {
    this.#turnMs = options.turnMs ?? TURN_MS;
    this.#waitMs = options.waitMs ?? WAIT_MS;
    this.#mostWaiting = options.mostWaiting ?? MOST_WAITING;
    this.#clock = options.clock ?? monotonicMs;
    this.#afterPoll = options.afterPoll ?? ((run) => void setImmediate(run));
  }

  /** It is put in the way of requests. */
  enter(): void {
    if (this.#patientUntil === 0) this.#patientUntil = this.#clock() + this.#waitMs * PATIENT_WAITS;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a request that arrives now is begun now. */
  admits(): boolean {
    const now = this.#clock();
    this.#arm();
    if (this.#turnSince === 0) this.#turnSince = now;
    else if (now - this.#turnSince >= this.#budgetMs) return false;
    this.#begun++;
    return true;
  }

  /**
   * A client has connected. The loop takes one of those that wait in the kernel in each of its turns (libuv accepts one per
   * poll), so turns are short while they come: else clients with a connection would keep all others out.
   */
  connected(): void {
    this.#newcomers = 2;
  }

  /** A request that was not admitted. Its `begin` or `shed` follows, unless it leaves before. */
  wait(waiter: Waiter): void {
    waiter.waitingSince = this.#clock();
    waiter.older = this.#newest;
    if (this.#newest === null) this.#oldest = waiter;
    else this.#newest.newer = waiter;
    this.#newest = waiter;
    this.#waiting++;
    this.#arm();
    if (this.#waiting > this.#mostWaiting) this.#shedOldest();
  }

  /** Its client has gone. */
  leave(waiter: Waiter): void {
    if (waiter.waitingSince !== 0) this.#unlink(waiter);
  }

  get #budgetMs(): number {
    return this.#newcomers > 0 ? SHORT_TURN_MS : this.#turnMs;
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#afterPoll(this.#onTurn);
  }

  /** What this turn has left goes to those that wait, newest first; then some of those that have waited too long are shed. */
  #turn(): void {
    this.#armed = false;
    let now = this.#clock();
    const end = (this.#turnSince === 0 ? now : this.#turnSince) + this.#budgetMs;
    for (; now < end; now = this.#clock()) {
      const waiter = this.#next(now);
      if (waiter === null) break;
      this.#unlink(waiter);
      this.#begun++;
      waiter.begin();
    }
    for (let most = 1 + this.#begun / BEGUN_PER_SHED; most >= 1 || now < end; most--) {
      if (this.#oldest === null || now < this.#patientUntil || now - this.#oldest.waitingSince <= this.#waitMs) break;
      this.#shedOldest();
      now = this.#clock();
    }
    this.#turnSince = 0;
    this.#begun = 0;
    if (this.#newcomers > 0) this.#newcomers--;
    if (this.#waiting > 0) this.#arm();
  }

  /** In turn while nobody waits long, which is fair; else the newest, who alone can still be served in time. */
  #next(now: number): Waiter | null {
    if (now < this.#patientUntil) return this.#oldest;
    if (this.#newest === null || now - this.#newest.waitingSince > this.#waitMs) return null;
    return this.#oldest !== null && now - this.#oldest.waitingSince < IN_TURN_MS ? this.#oldest : this.#newest;
  }

  #shedOldest(): void {
    const oldest = this.#oldest;
    if (oldest === null) return;
    this.#unlink(oldest);
    this.shedCount++;
    oldest.shed();
  }

  #unlink(waiter: Waiter): void {
    if (waiter.newer === null) this.#newest = waiter.older;
    else waiter.newer.older = waiter.older;
    if (waiter.older === null) this.#oldest = waiter.newer;
    else waiter.older.newer = waiter.newer;
    waiter.newer = null;
    waiter.older = null;
    waiter.waitingSince = 0;
    this.#waiting--;
  }
}

const TURN_MS = 2;
const SHORT_TURN_MS = 0.3;
const WAIT_MS = 500;
/** Longest waits: three seconds if nobody says otherwise, and V8 has compiled what is hot after about two at work. */
const PATIENT_WAITS = 6;
const IN_TURN_MS = 50;
const MOST_WAITING = 16_384;
/** Requests begun in a turn for each that may be shed in it. */
const BEGUN_PER_SHED = 8;
