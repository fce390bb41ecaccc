/** What waits in a calendar for its moment. */
export interface Appointment {
  /** Wheel time. */
  dueAt: number;
  /** It is not wanted any more. */
  readonly closed: boolean;
  onDue(): void;
}

/**
 * Moments of very many things that each come again and again: a list for each tick, in a ring. Putting one in is one write at the
 * end of a list, and who is due is read in a row: 100,000 of them are far more than a processor's caches hold, so that the links
 * of the wheel, which lead from one to the next, cost more there than all else. What is closed goes when its list comes round.
 */
export class Calendar {
  readonly #tickMs: number;
  readonly #lists: Appointment[][];
  /** Swapped with the list that is being read: those who are due may put themselves in again. */
  #spare: Appointment[] = [];
  #cursor: number;

  constructor(tickMs: number, now: number, lists = 512) {
    this.#tickMs = tickMs;
    this.#lists = Array.from({ length: lists }, () => []);
    this.#cursor = Math.floor(now / tickMs);
  }

  /** Puts one in, which is in it nowhere else. */
  put(appointment: Appointment): void {
    // In the tick after its moment, never before it, and not in one that has been read.
    const tick = Math.max(Math.floor(appointment.dueAt / this.#tickMs) + 1, this.#cursor + 1);
    this.#lists[tick % this.#lists.length]?.push(appointment);
  }

  /** Tells all whose moment has come. */
  advance(now: number): void {
    const target = Math.floor(now / this.#tickMs);
    // After a long stall one turn is enough: it reads every list.
    if (target - this.#cursor > this.#lists.length) this.#cursor = target - this.#lists.length;
    while (this.#cursor < target) {
      this.#cursor++;
      this.#read(this.#cursor % this.#lists.length, now);
    }
  }

  /** Forgets all. */
  clear(): void {
    for (const list of this.#lists) list.length = 0;
  }

  #read(index: number, now: number): void {
    const due = this.#lists[index] ?? [];
    if (due.length === 0) return;
    this.#lists[index] = this.#spare;
    for (const appointment of due) {
      if (appointment.closed) continue;
      // Another turn.
      if (appointment.dueAt > now) this.put(appointment);
      else appointment.onDue();
    }
    due.length = 0;
    this.#spare = due;
  }
}
