/** Options that V8 takes only at its start; `main.ts` starts the program again where they are missing. */
export const RUNTIME_FLAGS: readonly string[] = [
  // What bounds the time of every pattern: V8 falls back to its linear engine when a pattern backtracks too much.
  '--enable-experimental-regexp-engine',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  // New objects get 8 MiB, not 16: requests are as cheap, and thousands of connections take a third less memory.
  '--max-semi-space-size=8',
];
