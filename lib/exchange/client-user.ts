import type { Drain } from './drain.ts';

/** Who is served by a client's connection: an exchange, or a tunnel after it. */
export interface ClientUser {
  /** Bytes of the client; returns the offset behind those that belong to the present request. */
  onClientBytes(bytes: Buffer, from: number, to: number): number;
  /** The client has sent its FIN. */
  onClientEnd(): void;
  onClientDrain(): void;
  /** The connection is gone. */
  onClientGone(): void;
  /** ELB drains: it has to come to an end. */
  onClientDraining(drain: Drain): void;
  /** The deadline that the user has set has passed. */
  onClientDeadline(): void;
}
