import type { Listed } from '../core/roster.ts';
import type { Deadline } from '../core/wheel.ts';
import type { Drain } from './drain.ts';

/** Who has been let in: a connection of HTTP/1, or a session of HTTP/2 with all its streams. */
export interface Guest extends Listed {
  readonly address: string;
  readonly trusted: boolean;
  readonly deadline: Deadline;
  /** See `Client`. */
  refusal: number;
  /** How long nobody has been served, at `now`; 0 while somebody is. */
  silentMs(now: number): number;
  /** Asks it to end: once its requests are answered, or once it has been silent for a while. */
  drain(drain: Drain): void;
  destroy(): void;
}
