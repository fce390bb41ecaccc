import type { Server } from './server.ts';

/**
 * Picks a server for one try. A balancer is disposable: it is made anew whenever the list changes, and all that must
 * survive is kept on the servers.
 */
export interface Balancer {
  /** A server that is available, not down, below its `max_conns` and not in `tried`; null if there is none. */
  pick(tried: readonly Server[]): Server | null;
}

/** Declares a balancing algorithm over servers of one tier (either the backups or the others). */
export interface BalancerKind {
  readonly name: string;
  make(servers: readonly Server[]): Balancer;
}

export function defineBalancer(kind: BalancerKind): BalancerKind {
  return kind;
}

/** What every algorithm asks first. */
export function eligible(server: Server, tried: readonly Server[]): boolean {
  const { spec } = server;
  return (
    !spec.down &&
    server.available &&
    (spec.maxConns === 0 || server.inFlight < spec.maxConns) &&
    (tried.length === 0 || !tried.includes(server))
  );
}
