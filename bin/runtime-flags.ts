/** What bounds the time of every pattern: V8 falls back to its linear engine when a pattern backtracks too much. */
export const RUNTIME_FLAGS: readonly string[] = [
  '--enable-experimental-regexp-engine',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
];
