import { monotonicMs } from './clock.ts';
import type { Log } from './log.ts';

export interface ContainmentOptions {
  readonly log: Pick<Log, 'error' | 'fatal'>;
  /** Called once, when too many errors have come: another process should take over. */
  readonly giveUp: () => void;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
}

/** A process, as far as it tells of errors that nobody has caught. */
export interface ErrorSource {
  on(event: 'uncaughtException' | 'unhandledRejection', hear: (error: unknown) => void): unknown;
}

/**
 * What becomes of an error that nobody has caught. It belongs to one callback of one connection, timer or promise, and everything
 * that it may have left undone has a deadline; so it is logged with its stack, and the process goes on for all the others. But
 * where one such error follows the other, more is broken than one thing, and another process takes over.
 */
export class Containment {
  readonly #options: ContainmentOptions;
  readonly #clock: () => number;
  /** Moments of the last errors. */
  readonly #recent: number[] = [];
  #hasGivenUp = false;

  constructor(options: ContainmentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicMs;
  }

  /** Hears every error of this process that nobody has caught. */
  watch(target: ErrorSource): void {
    target.on('uncaughtException', (error) => this.caught(error));
    target.on('unhandledRejection', (reason) => this.caught(reason));
  }

  caught(error: unknown): void {
    const { log, giveUp } = this.#options;
    log.error({ err: error instanceof Error ? error : new Error(String(error)) }, 'an error was not handled');
    const now = this.#clock();
    this.#recent.push(now);
    if (this.#recent.length > MOST) this.#recent.shift();
    const [first = now] = this.#recent;
    if (this.#recent.length < MOST || now - first > WITHIN_MS || this.#hasGivenUp) return;
    this.#hasGivenUp = true;
    log.fatal({ errors: MOST, seconds: WITHIN_MS / 1000 }, 'too many errors were not handled: this process ends');
    giveUp();
  }
}

const MOST = 10;
const WITHIN_MS = 60_000;
