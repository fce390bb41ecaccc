import type { BoundSocket } from 'node:net';

/** What an operator asks of a listener beside its place. */
export interface ListenOptions {
  /** Clients speak TLS. */
  readonly tls: boolean;
  /** Connections come through a proxy that says whose they are (PROXY protocol). */
  readonly proxy: boolean;
  /** HTTP/2 is spoken. */
  readonly h2: boolean;
}

/** Of a listener that says nothing. */
export const USUAL_LISTEN_OPTIONS: ListenOptions = { tls: false, proxy: false, h2: true };

/** Where to listen, as an operator says it; without `options` as `USUAL_LISTEN_OPTIONS` say. */
export type ListenAddress = (
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
) & { readonly options?: ListenOptions };

/**
 * One listening address as the data plane gets it: already bound by the primary, which keeps the socket open, so that clients
 * waiting in its queue outlive any worker. `server.listen(listener.handle)` starts accepting: a descriptor in a process of
 * its own, the bound socket itself when primary and worker are one process.
 */
export interface BoundListener {
  readonly address: ListenAddress;
  readonly handle: BoundSocket | { readonly fd: number };
}

/** A listening address as an operator sees it. */
export interface ListenerView {
  /** As an operator writes it. */
  readonly address: string;
  readonly state: 'listening' | 'failed';
  /** Why it has failed; null where it listens. */
  readonly reason: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** As an operator writes it: `127.0.0.1:8080`, `tls:[::1]:443`, `unix:/run/elb.sock`. */
export function formatListenAddress(address: ListenAddress): string {
  const { tls, proxy, h2 } = address.options ?? USUAL_LISTEN_OPTIONS;
  const words = [tls ? 'tls' : '', proxy ? 'proxy' : '', h2 ? '' : 'h1'].filter((word) => word !== '');
  return (words.length > 0 ? `${words.join('+')}:` : '') + formatPlace(address);
}

/** The address alone, without what is asked of it. */
export function formatPlace(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${String(address.port)}`;
}
