import { Deadline, type DeadlineOwner, type Wheel } from '../core/wheel.ts';
import { Verdict, type Check, type CheckOwner } from './check.ts';

/** When an address is checked. */
export interface CheckSchedule {
  readonly intervalMs: number;
  /** Share of the interval, 0 to 1, by which each one may be longer or shorter. */
  readonly jitter: number;
  /** Less than the interval or not: the next check never begins before this one has ended. */
  readonly timeoutMs: number;
}

/** Who wants to know about an address. */
export interface CheckedOwner {
  onVerdict(verdict: number, reason: string): void;
  /** Asked when a check is due: whether traffic has told enough to do without it. */
  spared(): boolean;
}

export interface CheckerOptions {
  readonly wheel: Wheel;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Checks under way at once, at most. */
  readonly most: number;
}

/**
 * Begins checks when they are due, ends them when they take too long, and keeps the number under way bounded.
 *
 * The first checks of many new addresses are spread, so that a large table costs a while instead of a stall; a few come at
 * once. From then on the jitter keeps them apart.
 */
export class Checker {
  readonly #options: CheckerOptions;
  /** Who waits, first come first served; those before `#first` are served. */
  #queue: Checked[] = [];
  #first = 0;
  /** Checks that are over, since the beginning. */
  made = 0;
  #running = 0;
  /** Wheel time until which the first checks of new addresses have been given away. */
  #firstAt = 0;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  get wheel(): Wheel {
    return this.#options.wheel;
  }

  /** Checks under way, and checks that are due and wait for one of those to end. */
  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length - this.#first;
  }

  /** Begins to check an address; ends with its `close`. */
  add(check: Check, schedule: CheckSchedule, owner: CheckedOwner): Checked {
    const { now } = this.wheel;
    this.#firstAt = Math.max(this.#firstAt, now) + 1 / FIRST_PER_MS;
    const checked = new Checked(this, check, schedule, owner);
    checked.due(this.#firstAt - now);
    return checked;
  }

  /** A check is due. For `Checked` only, as all below. */
  enter(checked: Checked): void {
    if (this.#running < this.#options.most) {
      this.#running++;
      checked.begin();
    } else this.#queue.push(checked);
  }

  /** A check is over; whoever waits longest is next. */
  leave(): void {
    this.#running--;
    this.made++;
    const next = this.#next();
    if (next === undefined) return;
    this.#running++;
    next.begin();
  }

  /** The interval until the next check. */
  interval({ intervalMs, jitter }: CheckSchedule): number {
    return intervalMs * (1 + jitter * (2 * this.#options.random() - 1));
  }

  #next(): Checked | undefined {
    while (this.#first < this.#queue.length) {
      const next = this.#queue[this.#first++];
      if (this.#first > COMPACT && this.#first * 2 > this.#queue.length) this.#compact();
      if (next?.closed === false) return next;
    }
    this.#compact();
    return undefined;
  }

  #compact(): void {
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }
}

/** Served places at the head of the queue that are worth to be given back. */
const COMPACT = 1024;

/** First checks begun per millisecond while many addresses are new. */
const FIRST_PER_MS = 5;

/** An address that is checked: waits for its moment, maybe for a place, is under way, and waits again. */
export class Checked implements DeadlineOwner, CheckOwner {
  readonly #checker: Checker;
  readonly #check: Check;
  readonly #schedule: CheckSchedule;
  readonly #owner: CheckedOwner;
  /** Until its moment while it waits, until its time is out while it is under way. */
  readonly #deadline: Deadline;
  #underWay = false;
  #begunAt = 0;
  closed = false;

  constructor(checker: Checker, check: Check, schedule: CheckSchedule, owner: CheckedOwner) {
    this.#checker = checker;
    this.#check = check;
    this.#schedule = schedule;
    this.#owner = owner;
    this.#deadline = new Deadline(checker.wheel, this);
  }

  /** The next check is due in `ms`. */
  due(ms: number): void {
    this.#deadline.set(Math.max(0, ms));
  }

  begin(): void {
    this.#underWay = true;
    this.#begunAt = this.#checker.wheel.now;
    this.#deadline.dispose();
    this.#deadline.set(this.#schedule.timeoutMs);
    this.#check.begin(this);
  }

  onChecked(verdict: number, reason: string): void {
    this.#over();
    this.#owner.onVerdict(verdict, reason);
  }

  onDeadline(): void {
    if (this.#underWay) {
      this.#check.abandon();
      this.onChecked(Verdict.FAIL, 'timed out');
    } else if (this.#owner.spared()) this.due(this.#checker.interval(this.#schedule));
    else this.#checker.enter(this);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#underWay) this.#over();
    this.#deadline.dispose();
    this.#check.close();
  }

  #over(): void {
    this.#underWay = false;
    this.#deadline.dispose();
    const past = this.#checker.wheel.now - this.#begunAt;
    this.due(this.#checker.interval(this.#schedule) - past);
    this.#checker.leave();
  }
}
