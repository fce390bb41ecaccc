import { setTimeout as wait } from 'node:timers/promises';

/** How long work goes on at a time, and how it rests; a test has its own. */
export interface Pace {
  /** Milliseconds of any clock that goes on. */
  now(): number;
  rest(): Promise<unknown>;
}

/**
 * Work of many steps, each of which takes some ten microseconds, done in turns with a rest between them; what steps give, if anything, is handed on
 * at once. Who shares the processor with it, such as a worker with a request, waits for a turn at most: the system gives work that goes
 * on some milliseconds at a time. Whoever waits for the end is not kept for ever: after `PATIENCE_MS` turns are longer.
 */
export async function* unhurried<Part>(steps: Iterable<Part | null>, pace: Pace = REAL): AsyncGenerator<Part> {
  const begun = pace.now();
  let since = begun;
  for (const part of steps) {
    if (part !== null) yield part;
    const now = pace.now();
    const turnMs = now - begun < PATIENCE_MS ? TURN_MS : LONG_TURN_MS;
    if (part === null && now - since < turnMs) continue;
    await pace.rest();
    since = pace.now();
  }
}

const TURN_MS = 0.2;
const LONG_TURN_MS = 2;
/** Scrapers usually wait ten seconds. */
const PATIENCE_MS = 4000;

const REAL: Pace = { now: () => performance.now(), rest: () => wait(1) };
