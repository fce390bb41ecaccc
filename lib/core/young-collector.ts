import { setFlagsFromString } from 'node:v8';
import { monotonicMs } from './clock.ts';
import type { Scheduler } from './scheduler.ts';

/** Sets at which share of its room, in percent, V8 posts a collection of young objects to the event loop. */
export type SetShare = (percent: number) => void;

/**
 * Has young objects collected more often while much is made that stays. What a collection of them takes is what survives it; V8 waits until
 * most of 8 MiB was allocated, of which requests leave next to nothing behind, but a graph that is opened leaves a kilobyte, and a change
 * as much: that of a few hundred at once is a pause of 3 to 8 ms.
 */
export class YoungCollector {
  readonly #setShare: SetShare;
  readonly #scheduler: Scheduler;
  /** Things made since then. */
  #count = 0;
  #since = -Infinity;
  #isOften = false;

  constructor(setShare: SetShare = setV8Share, scheduler: Scheduler = IDLE_SCHEDULER) {
    this.#setShare = setShare;
    this.#scheduler = scheduler;
  }

  /** So many things were made that stay. */
  made(count: number): void {
    const now = this.#scheduler.now();
    if (now - this.#since > LOOK_MS) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += count;
    if (this.#isOften || this.#count < MANY) return;
    this.#isOften = true;
    this.#setShare(OFTEN_PERCENT);
    this.#scheduler.after(2 * LOOK_MS, this.#look);
  }

  /** Whether it is over. */
  readonly #look = (): void => {
    const isGoingOn = this.#scheduler.now() - this.#since <= 2 * LOOK_MS;
    if (isGoingOn) {
      this.#scheduler.after(2 * LOOK_MS, this.#look);
      return;
    }
    this.#isOften = false;
    this.#setShare(USUAL_PERCENT);
  };
}

/**
 * Not `gc({ type: 'minor' })`: while old objects are being marked, that makes V8 end the marking at once, however much is left of it. A
 * collection that is posted waits for its end.
 */
const setV8Share: SetShare = (percent) => setFlagsFromString(`--minor-gc-task-trigger=${percent}`);

/** Keeps no process alive. */
const IDLE_SCHEDULER: Scheduler = {
  now: monotonicMs,
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** V8's own. */
const USUAL_PERCENT = 80;
/** What one or two dozen changes allocate, with the requests that meet them. */
const OFTEN_PERCENT = 10;
/** Graphs and changes in `LOOK_MS`. */
const MANY = 8;
const LOOK_MS = 1000;
