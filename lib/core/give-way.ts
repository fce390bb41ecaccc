import { monotonicMs } from './clock.ts';
import type { Libc } from './libc.ts';

/** Said between two steps of work: whoever has waited for the processor may go first. */
export type GiveWay = () => void;

/** How a thread rests; a test has its own. */
export interface Rest {
  /** Milliseconds of any clock that goes on. */
  now(): number;
  pause(): void;
}

/**
 * Pauses the thread for about a tenth of a millisecond, unless it has done so just before. A worker whose request came meanwhile shares the
 * processor with it, and would else wait for all steps: Linux lets what runs go on for a slice of 1.4 ms and more, and priorities do not
 * shorten it (EEVDF, Linux 6.6 and later). For threads that serve nobody themselves.
 *
 * One who had to wait long for his turn to come again takes it: where many want the processor, as threads of collections do, each pause would cost
 * a slice of theirs, and all pauses of a change together ten milliseconds.
 *
 * With `yielding` it first gives up what it may still run before others (sched_yield(2)), so that a worker which has just run may do so
 * again, and at once: one with a slice of its own does not wait for the next pause.
 */
export function givingWay(rest: Rest = SLEEP): GiveWay {
  let next = -Infinity;
  return () => {
    const begun = rest.now();
    if (begun < next) return;
    rest.pause();
    const ended = rest.now();
    next = ended + (ended - begun > LONG_MS ? TURN_MS : STEP_MS);
  };
}

/** Steps that are shorter are not worth two changes of threads. */
const STEP_MS = 0.1;
/** A pause by which others had the processor. */
const LONG_MS = 1;
/** Longer than the steps of a change take. */
const TURN_MS = 10;
/** The system adds what its timers are late, which is more. */
const PAUSE_MS = 0.01;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const SLEEP: Rest = {
  now: monotonicMs,
  pause: () => void Atomics.wait(nobodyWakes, 0, 0, PAUSE_MS),
};

/** Rest of a thread that goes behind all others before it sleeps. */
export function yielding(libc: Libc): Rest {
  return {
    now: monotonicMs,
    pause: () => {
      libc.yieldProcessor();
      SLEEP.pause();
    },
  };
}
