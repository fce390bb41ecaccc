import { Deadline, type DeadlineOwner, type Wheel } from '../core/wheel.ts';
import { Calendar, type Appointment } from './calendar.ts';
import { Verdict, type Check, type CheckOwner } from './check.ts';
import { Cohort, type Pace } from './cohort.ts';
import { Glances } from './glances.ts';

/** When an address is checked. */
export interface CheckSchedule extends Pace {
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
 * once. From then on the jitter keeps them apart, a few at a time.
 */
export class Checker implements DeadlineOwner {
  readonly #options: CheckerOptions;
  readonly #calendar: Calendar;
  /** Checks that look for their answers in the tick after they have asked. */
  readonly glances = new Glances();
  /** Every tick, while there is anything to check. */
  readonly #tick: Deadline;
  /** Checks under way, in no order: they are few. */
  readonly #underWay: Checked[] = [];
  /** Addresses that are checked. */
  #size = 0;
  /** Who waits, first come first served; those before `#first` are served. */
  #queue: Checked[] = [];
  #first = 0;
  /** Checks that are over, since the beginning. */
  made = 0;
  /** Wheel time until which the first checks of new addresses have been given away. */
  #firstAt = 0;
  /** That of the address that came last, and when its first check was due. */
  #cohort = new Cohort({ intervalMs: 0, jitter: 0 });
  #cohortAt = 0;

  constructor(options: CheckerOptions) {
    this.#options = options;
    const { wheel } = options;
    this.#calendar = new Calendar(wheel.tickMs, wheel.now);
    this.#tick = new Deadline(wheel, this);
  }

  get wheel(): Wheel {
    return this.#options.wheel;
  }

  /** Checks under way, and checks that are due and wait for one of those to end. */
  get running(): number {
    return this.#underWay.length;
  }

  get waiting(): number {
    return this.#queue.length - this.#first;
  }

  /** Begins to check an address; ends with its `close`. */
  add(check: Check, schedule: CheckSchedule, owner: CheckedOwner): Checked {
    const { now } = this.wheel;
    this.#firstAt = Math.max(this.#firstAt, now) + 1 / FIRST_PER_MS;
    const checked = new Checked(this, check, schedule, this.#cohortFor(schedule), owner);
    if (this.#size++ === 0) this.#begin();
    this.put(checked, Math.ceil(this.#firstAt));
    return checked;
  }

  onDeadline(): void {
    const { now } = this.wheel;
    this.glances.tick();
    this.#endLate(now);
    this.#calendar.advance(now);
    if (this.#size > 0) this.#tick.set(0);
  }

  /** Its next check is due then. For `Checked` only, as all below. */
  put(checked: Checked, dueAt: number): void {
    checked.dueAt = dueAt;
    this.#calendar.put(checked);
  }

  /** A check is due. */
  enter(checked: Checked): void {
    if (this.#underWay.length < this.#options.most) this.#start(checked);
    else this.#queue.push(checked);
  }

  /** A check is over; whoever waits longest is next. */
  leave({ place }: Checked): void {
    const last = this.#underWay.pop();
    if (last !== undefined && last.place !== place) {
      last.place = place;
      this.#underWay[place] = last;
    }
    this.made++;
    const next = this.#next();
    if (next !== undefined) this.#start(next);
  }

  /** An address is not checked any more. */
  forget(): void {
    this.#size--;
    if (this.#size > 0) return;
    this.#calendar.clear();
    this.#tick.dispose();
  }

  /** The check after the one that has begun at this moment is due then. */
  next(cohort: Cohort, begunAt: number): number {
    return cohort.next(begunAt, this.#options.random);
  }

  /** Those are together that were new within a tick. */
  #cohortFor(pace: Pace): Cohort {
    const isLate = this.#firstAt - this.#cohortAt > this.wheel.tickMs;
    if (isLate || !this.#cohort.takes(pace)) {
      this.#cohort = new Cohort(pace);
      this.#cohortAt = this.#firstAt;
    }
    this.#cohort.size++;
    return this.#cohort;
  }

  /** Nothing was due for a while. */
  #begin(): void {
    this.#calendar.advance(this.wheel.now);
    this.#tick.set(0);
  }

  #endLate(now: number): void {
    let late: Checked[] | null = null;
    for (const checked of this.#underWay) if (checked.dueAt <= now) (late ??= []).push(checked);
    // Each that ends has others take its place.
    if (late !== null) for (const checked of late) checked.onLate();
  }

  #start(checked: Checked): void {
    checked.place = this.#underWay.length;
    this.#underWay.push(checked);
    checked.begin();
  }

  #next(): Checked | undefined {
    if (this.#queue.length === 0) return undefined;
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
export class Checked implements Appointment, CheckOwner {
  /** Wheel time of its next check, or, while that is under way, of its end at the latest. */
  dueAt = 0;
  closed = false;
  /** Among those under way; kept by the checker. */
  place = -1;
  readonly #checker: Checker;
  readonly #check: Check;
  readonly #schedule: CheckSchedule;
  readonly #cohort: Cohort;
  readonly #owner: CheckedOwner;
  #begunAt = -1;

  constructor(checker: Checker, check: Check, schedule: CheckSchedule, cohort: Cohort, owner: CheckedOwner) {
    this.#checker = checker;
    this.#check = check;
    this.#schedule = schedule;
    this.#cohort = cohort;
    this.#owner = owner;
  }

  begin(): void {
    this.#begunAt = this.#checker.wheel.now;
    this.dueAt = this.#begunAt + this.#schedule.timeoutMs;
    this.#check.begin(this);
  }

  onChecked(verdict: number, reason: string): void {
    this.#over();
    this.#owner.onVerdict(verdict, reason);
  }

  onDue(): void {
    const checker = this.#checker;
    if (this.#owner.spared()) checker.put(this, checker.next(this.#cohort, checker.wheel.now));
    else checker.enter(this);
  }

  /** It has taken too long. */
  onLate(): void {
    if (this.#begunAt === -1) return;
    this.#check.abandon();
    this.onChecked(Verdict.FAIL, 'timed out');
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#begunAt !== -1) {
      this.#begunAt = -1;
      this.#checker.leave(this);
    }
    this.#checker.forget();
    this.#check.close();
  }

  #over(): void {
    const checker = this.#checker;
    checker.put(this, checker.next(this.#cohort, this.#begunAt));
    this.#begunAt = -1;
    checker.leave(this);
  }
}
