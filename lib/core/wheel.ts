import { monotonicMs } from './clock.ts';

/**
 * A moment at which its owner wants to be told, linked into a `Wheel`.
 *
 * Moving the moment later, the usual case (every byte of a healthy exchange does it), writes one number: the entry
 * stays where it is and is moved when its old slot comes round.
 */
export class Deadline {
  readonly owner: DeadlineOwner;
  readonly wheel: Wheel;
  /** Wheel time in milliseconds; 0 while off. */
  at = 0;
  /** Wheel time of the slot it is linked into; 0 while unlinked. */
  slotAt = 0;
  next: Deadline | null = null;
  previous: Deadline | null = null;

  constructor(wheel: Wheel, owner: DeadlineOwner) {
    this.wheel = wheel;
    this.owner = owner;
  }

  /** Tells the owner in `ms` milliseconds, to the precision of a tick, unless it is set again or cancelled before. */
  set(ms: number): void {
    const at = this.wheel.now + ms;
    this.at = at;
    if (this.slotAt === 0) this.wheel.link(this);
    else if (at < this.slotAt) {
      this.wheel.unlink(this);
      this.wheel.link(this);
    }
  }

  cancel(): void {
    this.at = 0;
  }

  /** Forgets the entry at once: for owners that end, so that the wheel does not keep them alive. */
  dispose(): void {
    this.at = 0;
    if (this.slotAt !== 0) this.wheel.unlink(this);
  }
}

export interface DeadlineOwner {
  onDeadline(): void;
}

/**
 * All deadlines of a process on one timer (hashed wheel; Varghese and Lauck, 1987): setting costs the same for one and for
 * 100,000 of them. A deadline further away than one turn waits in its slot for further turns.
 */
export class Wheel {
  readonly tickMs: number;
  /** Coarse clock in milliseconds, monotonic, never 0; right to one tick. */
  now: number;
  readonly #slots: (Deadline | null)[];
  readonly #clock: () => number;
  #cursor: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(tickMs = 50, slots = 512, clock: () => number = wheelMs) {
    this.tickMs = tickMs;
    this.#slots = Array.from({ length: slots }, () => null);
    this.#clock = clock;
    this.now = clock();
    this.#cursor = Math.floor(this.now / tickMs);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.tick(), this.tickMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Moves the clock on and tells every owner whose moment has come. */
  tick(): void {
    this.now = this.#clock();
    const target = Math.floor(this.now / this.tickMs);
    // After a long stall one turn is enough: it visits every slot.
    if (target - this.#cursor > this.#slots.length) this.#cursor = target - this.#slots.length;
    while (this.#cursor < target) {
      this.#cursor++;
      this.#visit(this.#cursor % this.#slots.length);
    }
  }

  link(entry: Deadline): void {
    const slot = this.#slotOf(entry.at);
    const first = this.#slots[slot] ?? null;
    entry.slotAt = entry.at;
    entry.next = first;
    entry.previous = null;
    if (first !== null) first.previous = entry;
    this.#slots[slot] = entry;
  }

  unlink(entry: Deadline): void {
    if (entry.previous !== null) entry.previous.next = entry.next;
    else this.#slots[this.#slotOf(entry.slotAt)] = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.next = null;
    entry.previous = null;
    entry.slotAt = 0;
  }

  /** A deadline is due in the tick after its moment, never before it. */
  #slotOf(at: number): number {
    return (Math.floor(at / this.tickMs) + 1) % this.#slots.length;
  }

  #visit(slot: number): void {
    // The slot's list is taken off whole: owners may set and dispose any deadline while they are told.
    const due: Deadline[] = [];
    for (let entry = this.#slots[slot] ?? null; entry !== null; entry = entry.next) due.push(entry);
    for (const entry of due) {
      if (entry.slotAt === 0 || this.#slotOf(entry.slotAt) !== slot) continue;
      if (entry.slotAt > this.now) continue; // a later turn
      this.unlink(entry);
      if (entry.at === 0) continue;
      if (entry.at > this.now) this.link(entry);
      else {
        entry.at = 0;
        entry.owner.onDeadline();
      }
    }
  }
}

function wheelMs(): number {
  return Math.floor(monotonicMs()) + 1;
}

/** A time longer than anything lasts, and yet a small integer. */
export const FOREVER = 2 ** 30 - 1;
