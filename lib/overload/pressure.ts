import { monotonicMs } from '../core/clock.ts';

/** Told of the loop's delay. */
export interface PressureListener {
  /** The loop is late all the time: there is more to do than it can. */
  onLate(): void;
  /** It has been in time for a while, and `settled` agreed. */
  onInTime(): void;
  /** Asked before `onInTime`. */
  settled(): boolean;
  /** The loop stood still for that long, once. */
  onBlocked(ms: number): void;
}

export interface LoopDelay {
  /** Mean lateness, the newest looks counting most, in milliseconds. */
  readonly delayMs: number;
  /** The worst of the last half to whole minute. */
  readonly worstMs: number;
}

/**
 * Watches how late a process's loop is: a timer that is due every 50 ms fires late by what the loop was busy with when it became
 * due. That costs a look per interval and nothing per request.
 */
export class Pressure {
  late = false;
  readonly #listener: PressureListener;
  readonly #clock: () => number;
  #timer: NodeJS.Timeout | null = null;
  #delayMs = 0;
  #worstMs = 0;
  #worstBeforeMs = 0;
  #lastLook: number;
  #minuteSince: number;
  #calmSince = 0;

  constructor(listener: PressureListener, clock: () => number = monotonicMs) {
    this.#listener = listener;
    this.#clock = clock;
    this.#lastLook = clock();
    this.#minuteSince = this.#lastLook;
  }

  get loop(): LoopDelay {
    return { delayMs: this.#delayMs, worstMs: Math.max(this.#worstMs, this.#worstBeforeMs) };
  }

  start(): void {
    this.#lastLook = this.#clock();
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One look; `start` does it by itself. */
  look(): void {
    const now = this.#clock();
    const lateMs = Math.max(0, now - this.#lastLook - LOOK_MS);
    this.#lastLook = now;
    this.#delayMs += (lateMs - this.#delayMs) * NEWEST_SHARE;
    this.#remember(now, lateMs);
    if (lateMs >= BLOCKED_MS) this.#listener.onBlocked(lateMs);
    if (this.#delayMs > LATE_MS || !this.#listener.settled()) this.#calmSince = now;
    if (!this.late && this.#delayMs > LATE_MS) {
      this.late = true;
      this.#listener.onLate();
    } else if (this.late && now - this.#calmSince >= CALM_MS) {
      this.late = false;
      this.#listener.onInTime();
    }
  }

  #remember(now: number, lateMs: number): void {
    if (now - this.#minuteSince >= WORST_MS) {
      this.#worstBeforeMs = this.#worstMs;
      this.#worstMs = 0;
      this.#minuteSince = now;
    }
    this.#worstMs = Math.max(this.#worstMs, lateMs);
  }
}

const LOOK_MS = 50;
const NEWEST_SHARE = 0.25;
/** Late on average: every turn of the loop takes about twice as long. */
const LATE_MS = 5;
/** How long it has to be in time before that is believed. */
const CALM_MS = 1000;
const WORST_MS = 30_000;
/** Longer than any turn should take, long collections of garbage included. */
const BLOCKED_MS = 500;
