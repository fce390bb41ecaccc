import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import type { Libc } from './libc.ts';
import type { Log } from './log.ts';
import { threadSlice, usualSlice } from './thread-slice.ts';

/**
 * The thread of a primary, which stands back behind those that serve: it is to go on when they do not want its processor, and not to be interrupted
 * by what is less urgent. What it starts is scheduled as the thread was before.
 */
export class StandingBack {
  #libc: Libc | null = null;
  /** Its priority before, while it has a lower one. */
  #usual: number | null = null;

  /** `libc`: null where it cannot be had; then the slice stays what it is. Where the system refuses, nothing changes. */
  begin(libc: Libc | null, log: Log): void {
    const sliceNs = libc === null ? null : threadSlice(libc, SLICE_NS);
    if (sliceNs === SLICE_NS) this.#libc = libc;
    if (canBeRaisedAgain()) {
      this.#usual = getPriority();
      this.#lower();
    }
    log.debug({ sliceNs, nice: getPriority() }, 'stands back behind those that serve');
  }

  /** Starts a process. */
  start<Started>(start: () => Started): Started {
    this.#raise();
    if (this.#libc !== null) usualSlice(this.#libc);
    try {
      return start();
    } finally {
      // What becomes of it at a fork depends on the priority.
      if (this.#libc !== null) threadSlice(this.#libc, SLICE_NS);
      this.#lower();
    }
  }

  #raise(): void {
    try {
      if (this.#usual !== null) setPriority(this.#usual);
    } catch {
      // Somebody has taken the right to it since. What is started is as low, and better than nothing.
    }
  }

  #lower(): void {
    if (this.#usual !== null) setPriority(Math.min(this.#usual + LEVELS, constants.priority.PRIORITY_LOW));
  }
}

/**
 * Whether the system lets a thread of this process have its priority back after a lower one: not without CAP_SYS_NICE or `ulimit -e`, and a container
 * may claim to have what it has not. So it is tried with a thread that only waits, which else is one level lower from then on.
 */
function canBeRaisedAgain(): boolean {
  // Elsewhere it is of the whole process.
  if (process.platform !== 'linux') return false;
  try {
    const other = readdirSync('/proc/self/task')
      .map(Number)
      .findLast((thread) => thread !== process.pid);
    if (other === undefined) return false;
    const usual = getPriority(other);
    if (usual >= constants.priority.PRIORITY_LOW) return false;
    setPriority(other, usual + 1);
    setPriority(other, usual);
    return true;
  } catch {
    return false;
  }
}

/** Longer than a worker's, which goes first, and shorter than that of threads that collect and compile, behind which it would else wait for some milliseconds after each pause. */
const SLICE_NS = 200_000;
/** A third of what others with the priority of before get. */
const LEVELS = 5;
