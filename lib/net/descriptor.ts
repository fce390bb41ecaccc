import { readSync, writeSync } from 'node:fs';
import { shared } from './handle-connection.ts';

/** What `readAtOnce` answers when it has read nothing. */
export const ReadOutcome = {
  /** The peer will send nothing more. */
  END: 0,
  /** Nothing has arrived yet. */
  NOTHING: -1,
  /** The connection is broken. */
  BROKEN: -2,
} as const;

/**
 * Writes a short text of Latin-1 to the descriptor of a connection that has nothing pending, past the event loop; false unless the
 * kernel has taken all of it. With `readAtOnce` it is the cheapest way to ask very many connections the same: two system calls
 * each and nothing else, where the loop would look for events, and call back for each of them.
 */
export function writeAtOnce(fd: number, text: string): boolean {
  if (text.length > outgoing.length) return false;
  outgoing.latin1Write(text, 0);
  try {
    return writeSync(fd, outgoing, 0, text.length, null) === text.length;
  } catch {
    return false;
  }
}

/** Reads into `shared` what has arrived on a connection that the event loop does not read; answers its length or an outcome. */
export function readAtOnce(fd: number): number {
  try {
    return readSync(fd, shared, 0, shared.length, null);
  } catch (error) {
    const isEarly = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    return isEarly ? ReadOutcome.NOTHING : ReadOutcome.BROKEN;
  }
}

const outgoing = Buffer.allocUnsafeSlow(8192);
