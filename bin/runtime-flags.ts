/** What bounds the time of every pattern: V8 falls back to its linear engine when a pattern backtracks too much. */
const LINEAR_PATTERNS = [
  '--enable-experimental-regexp-engine',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
];

/**
 * Bounds the time of every pattern that is compiled from now on. A process that is started with these flags compiles all of Node's own
 * modules anew, since what Node has compiled beforehand was so without them: 30 ms of a start.
 */
export function boundPatterns(): void {
  setFlags(LINEAR_PATTERNS);
}

/**
 * Old objects are collected when they have grown by half, not by a tenth as V8 would for who allocates little: a collection takes another core
 * tenths of a second where there are many domains, and ends with a pause of some milliseconds.
 */
const RARE_COLLECTIONS = '--heap-growing-percent=50';

/**
 * Until the first table is in force, they are collected when they have trebled: nearly all that is made until then stays, and a collection soon after a
 * start would be due at just the size that a large table has.
 */
const RARER_COLLECTIONS = '--heap-growing-percent=200';

/** For a start, from now on: a process that is started with this flag compiles Node's own modules anew, too. */
export function spaceCollections(): void {
  setFlags([RARER_COLLECTIONS]);
}

/** For what comes behind the first table. */
export function settleCollections(): void {
  setFlags([RARE_COLLECTIONS]);
}

/** Node warns of its `node:ffi`, with which processes ask the system for what Node has no call for; users need not know. */
const NO_WARNING_OF_FFI = '--disable-warning=ExperimentalWarning';

/** Options of a worker, for processes that are workers from their start. */
export const WORKER_FLAGS: readonly string[] = [
  // New objects get 8 MiB, not 16: requests are as cheap, and thousands of connections take a third less memory.
  '--max-semi-space-size=8',
  NO_WARNING_OF_FFI,
];

/** The same, and the bound of patterns, for programs that do not set it themselves. */
export const RUNTIME_FLAGS: readonly string[] = [...LINEAR_PATTERNS, RARE_COLLECTIONS, ...WORKER_FLAGS];

/**
 * Options of a primary that has workers, whose cores it is to leave alone: a page of metrics, which makes some MiB of garbage, costs one
 * collection at most, and that is not done by several threads, each of which the system would let run for milliseconds.
 */
export const PRIMARY_FLAGS: readonly string[] = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  NO_WARNING_OF_FFI,
];

/**
 * The environment of a process that serves: of blocks of memory that are freed, malloc keeps 500 of each size at hand, not 7. A turn of
 * HTTP/2 frees hundreds, and to merge and split them again took a tenth of a request. Other libraries than glibc do not read it.
 */
export function runtimeEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const tunables = env['GLIBC_TUNABLES'] ?? '';
  if (tunables.includes(TCACHE)) return env;
  return { ...env, GLIBC_TUNABLES: `${tunables}${tunables === '' ? '' : ':'}${TCACHE}=500` };
}

/** GNU C Library manual, 39.2. */
const TCACHE = 'glibc.malloc.tcache_count';

/** Its module is loaded by those who need it: others only want to know the flags of the processes that they start. */
function setFlags(flags: readonly string[]): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  for (const flag of flags) setFlagsFromString(flag);
}
