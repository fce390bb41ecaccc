import type { ListenAddress } from '../core/listener.ts';
import type { Carrier } from '../net/carrier.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

/** A worker as the primary holds it: a process of its own, or the same process. */
export interface WorkerLink {
  /** For the log: a process id, or 0 for the same process. */
  readonly pid: number;
  /** Addresses of the sockets that it was given when it was started, in their order. */
  readonly listen: readonly ListenAddress[];
  /** Whether it has been told to start. */
  readonly isTold: boolean;
  /** `written`: called once the message is on its way; not if the worker is gone. `carrier`: a socket that goes along. */
  send(message: ToWorker, written?: () => void, carrier?: Carrier): void;
  /** Ends it at once, whatever it does. `onExit` follows. */
  kill(): void;
}

export interface WorkerEvents {
  onMessage(message: ToPrimary): void;
  /** The worker is gone, once and last. `reason` is for the log. */
  onExit(reason: string): void;
}

/** Starts a worker. Events come in a later turn. */
export type StartWorker = (events: WorkerEvents) => WorkerLink;

/** The primary as a worker holds it. */
export interface PrimaryLink {
  /** `written`: called once the message is on its way, or nobody is there to take it. */
  send(message: ToPrimary, written?: () => void): void;
}
