import { type Balancer, type BalancerSetting, defineBalancer, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { Turns } from './turns.ts';

/**
 * The server with the fewest exchanges in flight for its weight; among equals, the one whose turn it is as in round robin. An
 * idle server whose turn it is is found at once; else all servers are looked at.
 */
export const leastConn = defineBalancer({
  keyed: false,
  measures: false,
  make: (servers, setting) => new LeastConn(servers, setting),
});

class LeastConn implements Balancer {
  readonly turns: Turns;

  constructor(servers: readonly Server[], { random, before }: BalancerSetting) {
    this.turns = new Turns(servers, random(), before instanceof LeastConn ? before.turns : null);
  }

  pick(tried: readonly Server[]): Server | null {
    const { turns } = this;
    const next = turns.next(tried);
    if (next === -1) return null;
    const best = turns.server(next).inFlight === 0 ? next : this.#leastLoaded(next, tried);
    turns.take(best);
    return turns.server(best);
  }

  #leastLoaded(first: number, tried: readonly Server[]): number {
    const { turns } = this;
    let best = first;
    let least = loadOf(turns.server(first));
    for (let i = 0; i < turns.servers.length; i++) {
      const server = turns.server(i);
      const load = loadOf(server);
      if (load > least || (load === least && turns.turnOf(i) >= turns.turnOf(best)) || !eligible(server, tried))
        continue;
      best = i;
      least = load;
    }
    return best;
  }
}

function loadOf(server: Server): number {
  return server.inFlight / server.share;
}
