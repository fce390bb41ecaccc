/**
 * What to do at each signal to end: `drain` at the first, `kill` at one that somebody sends because the drain takes too long. `timeout`, `npm` and
 * terminals tell the process and its group, so that one signal comes twice, milliseconds apart: what comes within `ECHO_MS` is the first one
 * again. `now`: milliseconds of any clock that goes on.
 */
export function endingSignals(now: () => number, drain: () => void, kill: () => void): () => void {
  let first: number | null = null;
  return () => {
    if (first === null) {
      first = now();
      drain();
    } else if (now() - first >= ECHO_MS) kill();
  };
}

/** A busy machine brings the second late; who presses twice in less is not kept from pressing again. */
const ECHO_MS = 250;
