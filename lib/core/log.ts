import { pino } from 'pino';
import type { Logger } from 'pino';

export type Log = Logger;

/**
 * The program's log: JSON lines on stderr. Lines are written from a buffer, off the path of requests, and flushed when the
 * process exits; only a killed process loses what is in the buffer.
 */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
