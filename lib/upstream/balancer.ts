import type { BalanceOptions } from './options/balance.ts';
import type { Server } from './server.ts';

/**
 * Picks a server for one try. A balancer is disposable: it is made anew whenever the list or its options change, and all that
 * must survive is kept on the servers, or taken over from the balancer before.
 */
export interface Balancer {
  /**
   * A server that is `eligible`; null if there is none. `key`: for kinds that are `keyed`, 32 bits that stand for what requests
   * that belong to one server have in common; else 0.
   */
  pick(tried: readonly Server[], key: number): Server | null;
  /** What `pick` would answer, without moving on. Left out where `pick` keeps nothing. */
  peek?(tried: readonly Server[], key: number): Server | null;
}

/** Declares a balancing algorithm over the servers of one tier. */
export interface BalancerKind {
  /** Whether it chooses by a key of the request. */
  readonly keyed: boolean;
  /** What it needs to know of servers that nobody else asks for: how fast they reply, or how many bytes they send and get. */
  readonly measures: Measure | null;
  make(servers: readonly Server[], setting: BalancerSetting): Balancer;
}

export type Measure = 'latency' | 'traffic';

export interface BalancerSetting {
  readonly options: BalanceOptions;
  readonly random: () => number;
  /** What chose in this place before; null: nothing did. */
  readonly before: Balancer | null;
}

export function defineBalancer(kind: BalancerKind): BalancerKind {
  return kind;
}

/** What every algorithm asks first: whether a new request may be given to a server. */
export function eligible(server: Server, tried: readonly Server[]): boolean {
  return server.share > 0 && usable(server, tried);
}

/** Whether a request that belongs to a server may be given to it: also while it takes no others. */
export function usable(server: Server, tried: readonly Server[]): boolean {
  const { spec } = server;
  return (
    !spec.down &&
    server.healthy &&
    server.available &&
    (spec.maxConns === 0 || server.inFlight < spec.maxConns) &&
    (tried.length === 0 || !tried.includes(server))
  );
}
