import { CrashLoop } from '../core/crash-loop.ts';
import type { Log } from '../core/log.ts';
import type { Member } from './member.ts';

/** Which workers have ended by themselves since this primary was started, for an operator. */
export interface WorkerEnds {
  readonly count: number;
  /** `at` in milliseconds since the epoch. */
  readonly last: { readonly at: number; readonly worker: number; readonly reason: string } | null;
  /** Ends soon after a start, in a row: above 1 it is a crash loop, and replacements wait. */
  readonly crashLoop: number;
}

/** Keeps account of workers that end by themselves, and has their replacement wait. */
export class Ends {
  readonly #log: Log;
  readonly #crashes = new CrashLoop();
  #count = 0;
  #last: WorkerEnds['last'] = null;
  #waiting = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  view(): WorkerEnds {
    return { count: this.#count, last: this.#last, crashLoop: this.#crashes.length };
  }

  /** Replacements that are to be started later. */
  get waiting(): number {
    return this.#waiting;
  }

  /** `replaced`: called once another one that had to wait may be started in its stead. */
  ended(member: Member, reason: string, replaced: () => void): void {
    const worker = member.link.pid;
    this.#count++;
    this.#last = { at: Date.now(), worker, reason };
    const waitMs = this.#crashes.ended(member.livedMs);
    this.#log.error({ worker, reason }, 'worker ended');
    if (waitMs === 0) return;
    this.#log.error({ ends: this.#crashes.length, waitMs }, 'workers keep ending soon after their start');
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      replaced();
    }, waitMs).unref();
  }
}
