import { type Balancer, defineBalancer, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';

/**
 * Smooth weighted round robin (nginx 1.3.1): each pick adds every server's weight to what it has gathered, takes the
 * richest, and makes it pay the sum. Weights 5, 1, 1 give a a b a c a a, never five in a row. A server that failed comes
 * back by one unit of weight a pick.
 */
export const roundRobin = defineBalancer({
  name: 'round-robin',
  make: (servers) => (servers.length === 1 ? new Single(servers) : new RoundRobin(servers)),
});

class RoundRobin implements Balancer {
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  pick(tried: readonly Server[]): Server | null {
    let best: Server | null = null;
    let total = 0;
    for (const server of this.#servers) {
      if (!eligible(server, tried)) continue;
      if (server.effectiveWeight < server.spec.weight) server.effectiveWeight++;
      server.currentWeight += server.effectiveWeight;
      total += server.effectiveWeight;
      if (best === null || server.currentWeight > best.currentWeight) best = server;
    }
    if (best !== null) best.currentWeight -= total;
    return best;
  }
}

/** One server needs no weights. */
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
