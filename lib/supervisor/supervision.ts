import type { Handover } from '../core/handover.ts';
import type { ListenAddress, ListenerView } from '../core/listener.ts';
import type { Carrier } from '../net/carrier.ts';
import type { History } from './messages.ts';

/** What is above a primary: the supervisor of its process, or, in a process that is alone, the signals it gets. */
export interface Supervision {
  /** Grows with every primary of a program. */
  readonly generation: number;
  /** Only this user may look into it; it is gone when the program is. */
  readonly directory: string;
  /** Sockets to listen on, those of the moment; workers that are started inherit them. */
  readonly sockets: readonly ListeningSocket[];
  /** The addresses that are asked for, and what has become of them. */
  readonly listeners: readonly ListenerView[];
  /** Others serve already, and go on until this one does: it has time until it knows everything. */
  readonly succeeds: boolean;
  readonly handover: Handover;
  readonly history: History;
  /** From now on orders are carried out, those that were given before first. */
  obey(orders: Orders): void;
  /** Everything is known and every worker stands by; `orders.serve` follows. */
  prepared(): void;
  /** Every worker listens. */
  serving(): void;
  workers(pids: readonly number[]): void;
  /** Why it ends now, for who has to report it. */
  failed(message: string): void;
  /** Closes this process's descriptors of the listening sockets. */
  closeListeners(): void;
}

export interface ListeningSocket {
  readonly address: ListenAddress;
  readonly fd: number;
}

export interface Orders {
  serve(): void;
  /** Listen on a socket that has come. */
  listen(address: ListenAddress, carrier: Carrier): void;
  /** Listen there no more. */
  unlisten(address: ListenAddress): void;
  /** Serve who comes there as this address says; its place is the same. Only where primary and worker are one process. */
  relisten(from: ListenAddress, to: ListenAddress): void;
  /** Read the configuration again. */
  reread(): void;
  /** `succeeded`: another primary serves from now on. */
  drain(succeeded: boolean): void;
  /** End at once. */
  kill(): void;
}
