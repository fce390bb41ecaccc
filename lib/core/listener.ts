import type { BoundSocket } from 'node:net';

/** Where to listen, as an operator says it. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * One listening address as the data plane gets it: already bound by the primary, which keeps the socket open, so that clients
 * waiting in its queue outlive any worker. `server.listen(listener.handle)` starts accepting: a descriptor in a process of
 * its own, the bound socket itself when primary and worker are one process.
 */
export interface BoundListener {
  readonly address: ListenAddress;
  readonly handle: BoundSocket | { readonly fd: number };
}

/** As an operator writes it: `127.0.0.1:8080`, `[::1]:80`, `unix:/run/elb.sock`. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${String(address.port)}`;
}
