import type { RateVerdict } from '../core/rate-table.ts';
import type { RateQuestion, SharedRates } from '../core/shared-rates.ts';

/** A worker's line to its primary, where all workers of an instance count requests together. */
export class RateLine implements SharedRates {
  readonly #send: (question: number, asked: RateQuestion) => void;
  readonly #open = new Map<number, (verdict: RateVerdict | null) => void>();
  #last = 0;

  constructor(send: (question: number, asked: RateQuestion) => void) {
    this.#send = send;
  }

  take(asked: RateQuestion): Promise<RateVerdict | null> {
    if (this.#open.size >= MAX_OPEN) return Promise.resolve(null);
    const question = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<RateVerdict | null>();
    const timer = setTimeout(() => this.answered(question, null), ANSWER_MS);
    this.#open.set(question, (verdict) => {
      clearTimeout(timer);
      resolve(verdict);
    });
    this.#send(question, asked);
    return promise;
  }

  /** What the primary says; null: nothing, in time. */
  answered(question: number, verdict: RateVerdict | null): void {
    const settle = this.#open.get(question);
    this.#open.delete(question);
    settle?.(verdict);
  }
}

/** A primary that is busy for longer is not waited for. */
const ANSWER_MS = 250;
const MAX_OPEN = 10_000;
