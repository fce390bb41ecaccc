import { countOption } from './number.ts';
import { defineSection } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

export interface QueueOptions {
  /** Most requests that wait, in each worker; 0: none waits. */
  readonly size: number;
  readonly timeoutMs: number;
}

interface Document {
  readonly size: number;
  readonly timeout: string;
}

export const queue = defineSection({
  summary:
    'Requests that wait while all servers are at their max_conns: in turn while nobody waits long, else newest first. Without it they are answered 502 at once.',
  properties: {
    size: countOption(
      0,
      'most requests that wait, in each worker; beyond that the oldest is answered 503; 0: none waits',
      0,
    ),
    timeout: timeOption('1s', 'longest wait; then 503'),
  },
  read: ({ size, timeout }: Document): QueueOptions => ({ size, timeoutMs: milliseconds(timeout) }),
});
