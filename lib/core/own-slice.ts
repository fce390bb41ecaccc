import { readFileSync } from 'node:fs';
import { openLibc } from './libc.ts';
import type { Log } from './log.ts';
import { threadSlice } from './thread-slice.ts';

/** Whether threads are scheduled as they ask for: `auto` where nothing can end a process for asking. */
export type OwnSlice = 'auto' | 'on' | 'off';

/** Gives the thread that serves its slice. Where it cannot be, nothing changes. Takes about 1.5 ms the first time. */
export function takeOwnSlice(wanted: OwnSlice, log: Log): void {
  const libc = mayAsk(wanted) ? openLibc() : null;
  if (libc !== null) log.debug({ sliceNs: threadSlice(libc, WORKER_SLICE_NS) }, 'slice of the processor');
}

/** Whether the system may be asked to schedule a thread in another way. */
export function mayAsk(wanted: OwnSlice): boolean {
  return wanted === 'on' || (wanted === 'auto' && !isFiltered());
}

/** Whether calls of the system are filtered (seccomp(2)): some filters do not refuse what they do not know, but end the process. */
function isFiltered(): boolean {
  try {
    return !/^Seccomp:\s*0$/m.test(readFileSync('/proc/self/status', 'latin1'));
  } catch {
    return true;
  }
}

/** The least that Linux takes: a request that comes while something else has its processor does not wait for the milliseconds that the system lets that go on for. */
const WORKER_SLICE_NS = 100_000;
