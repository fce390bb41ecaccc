import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects all that this process does not need any more, at once. Its thread stands still for that, some tenths of a second where it holds the
 * table of 100,000 domains: for a moment in which nobody waits for it, before which much was made that is not needed any more.
 *
 * V8 has the function in contexts that are made while its flag is set. The flag is not left set: compiled code that is kept is only taken by
 * processes with the flags with which it was compiled.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  // What a context is made with is this.
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
