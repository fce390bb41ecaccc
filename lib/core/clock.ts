import { performance } from 'node:perf_hooks';

/**
 * Milliseconds on a clock that never goes back, with fractions, since the process began. Imported, because the global of
 * the same name is a getter that runs each time it is named.
 */
export function monotonicMs(): number {
  return performance.now();
}
