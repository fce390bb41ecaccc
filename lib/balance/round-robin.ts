import { type Balancer, type BalancerSetting, defineBalancer, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { Turns } from './turns.ts';

/**
 * Weighted round robin, smooth: weights 5, 1, 1 give a a b a a c a, never five in a row, and each server its exact share of
 * every round. It goes on where it was when the list changes. Workers begin at different servers.
 */
export const roundRobin = defineBalancer({
  keyed: false,
  measures: null,
  make: (servers, setting) => (servers.length === 1 ? new Single(servers) : new RoundRobin(servers, setting)),
});

class RoundRobin implements Balancer {
  readonly turns: Turns;

  constructor(servers: readonly Server[], { random, before }: BalancerSetting) {
    this.turns = new Turns(servers, random(), before instanceof RoundRobin ? before.turns : null);
  }

  pick(tried: readonly Server[]): Server | null {
    const next = this.turns.next(tried);
    if (next === -1) return null;
    this.turns.take(next);
    return this.turns.server(next);
  }

  peek(tried: readonly Server[]): Server | null {
    const next = this.turns.next(tried);
    return next === -1 ? null : this.turns.server(next);
  }
}

/** One server needs no turns. */
class Single implements Balancer {
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  pick(tried: readonly Server[]): Server | null {
    const server = this.#servers[0];
    return server !== undefined && eligible(server, tried) ? server : null;
  }
}
