import { monotonicMs } from '../core/clock.ts';
import type { QueueOptions } from './options/queue.ts';

/** A request that waits until a server of its upstream has a place for it. */
export interface Waiting {
  /** When it began to wait, in milliseconds of `performance.now`. */
  waitingSince: number;
  /** There may be a place: true if it took one. */
  onPlace(): boolean;
  /** It has to make room for a newer one. */
  onDropped(): void;
}

/**
 * Those who wait because every server that could be used is at its `max_conns`. In turn while nobody waits long, which is fair; else
 * the newest first, who alone can still be served in time; where the queue is full, the oldest makes room (Skipper's LIFO queues).
 */
export class WaitQueue {
  options: QueueOptions;
  /** The oldest first. */
  readonly #waiting: Waiting[] = [];
  #isWaking = false;

  constructor(options: QueueOptions) {
    this.options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** False where nobody may wait. */
  enter(waiting: Waiting): boolean {
    if (this.options.size === 0) return false;
    waiting.waitingSince = monotonicMs();
    this.#waiting.push(waiting);
    if (this.#waiting.length > this.options.size) this.#waiting.shift()?.onDropped();
    return true;
  }

  leave(waiting: Waiting): void {
    const i = this.#waiting.indexOf(waiting);
    if (i !== -1) this.#waiting.splice(i, 1);
  }

  /** A place may be free. Looked at in a later step, not inside of the exchange that has left it. */
  wake(): void {
    if (this.#waiting.length === 0 || this.#isWaking) return;
    this.#isWaking = true;
    process.nextTick(wakeQueue, this);
  }

  /** For `wake` only: gives places away until one who waits finds none. */
  give(): void {
    this.#isWaking = false;
    while (this.#waiting.length > 0) {
      const oldest = this.#waiting[0];
      const isLate = oldest !== undefined && monotonicMs() - oldest.waitingSince > this.options.timeoutMs * LATE_SHARE;
      const next = isLate ? this.#waiting.at(-1) : oldest;
      if (next === undefined || !next.onPlace()) return;
      this.leave(next);
    }
  }
}

function wakeQueue(queue: WaitQueue): void {
  queue.give();
}

/** Share of the longest wait beyond which the newest come first. */
const LATE_SHARE = 0.25;
