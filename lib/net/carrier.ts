import { CONNECTION, Pipe, TCP } from './handle.ts';

/** A listening socket as it goes to another process: one of Node's own wraps, which stays with whoever sends it. */
export interface Carrier {
  /** The socket's descriptor in this process. */
  readonly fd: number;
}

/**
 * Carries a socket of this process, whose it stays. A carrier is never closed, neither where it was made nor where it arrives: its
 * descriptor is closed by whoever listens on it or lets go of it.
 */
export function carrierOf(fd: number, kind: 'tcp' | 'unix'): Carrier {
  const wrap = kind === 'tcp' ? new TCP(CONNECTION) : new Pipe(CONNECTION);
  wrap.open(fd);
  return wrap;
}
