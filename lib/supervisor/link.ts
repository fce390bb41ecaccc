import type { Carrier } from '../net/carrier.ts';
import type { FromSupervisor, ToSupervisor } from './messages.ts';

/** A primary and its workers, as the supervisor holds them. */
export interface PrimaryLink {
  readonly pid: number;
  /** `carrier`: a socket that goes along. */
  send(message: FromSupervisor, carrier?: Carrier): void;
  /** Ends the primary at once; its workers go on. `onExit` follows. */
  kill(): void;
  /** Lets go of its workers: those whose primary is gone drain now. */
  release(): void;
}

export interface PrimaryEvents {
  onMessage(message: ToSupervisor): void;
  /** The primary is gone, once; its workers may be there. `reason` is for the log; `code`: its exit code, null for a signal. */
  onExit(reason: string, code: number | null): void;
  /** Nobody is left, neither the primary nor a worker of it; once. */
  onGone(): void;
}

/** Starts a primary. Events come in a later turn. */
export type StartPrimary = (events: PrimaryEvents) => PrimaryLink;
