/** Who is woken by an alarm. */
export interface AlarmOwner {
  onAlarm(): void;
}

/**
 * One moment, to the millisecond, for what is rare and short: the wheel's ticks are too coarse for a back-off or a hedge. Its
 * owner has one for life.
 */
export class Alarm {
  readonly #owner: AlarmOwner;
  #timer: NodeJS.Timeout | null = null;

  constructor(owner: AlarmOwner) {
    this.#owner = owner;
  }

  set(ms: number): void {
    this.cancel();
    this.#timer = setTimeout(ring, ms, this);
  }

  cancel(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** For the timer only. */
  ring(): void {
    this.#timer = null;
    this.#owner.onAlarm();
  }
}

function ring(alarm: Alarm): void {
  alarm.ring();
}
