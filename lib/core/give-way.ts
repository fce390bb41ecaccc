import { monotonicMs } from './clock.ts';

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
 */
export function givingWay(rest: Rest = SLEEP): GiveWay {
  let since = -Infinity;
  return () => {
    if (rest.now() - since < STEP_MS) return;
    rest.pause();
    since = rest.now();
  };
}

/** Steps that are shorter are not worth two changes of threads. */
const STEP_MS = 0.15;
/** The system adds what its timers are late, which is more. */
const PAUSE_MS = 0.01;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const SLEEP: Rest = {
  now: monotonicMs,
  pause: () => void Atomics.wait(nobodyWakes, 0, 0, PAUSE_MS),
};
