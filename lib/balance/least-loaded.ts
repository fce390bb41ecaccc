import { type Balancer, type BalancerSetting, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { Turns } from './turns.ts';

/**
 * The server with the least of something for its weight; among equals, the one whose turn it is as in round robin. One that has
 * nothing of it and whose turn it is is found at once; else all servers are looked at.
 */
export class LeastLoaded implements Balancer {
  readonly turns: Turns;
  readonly #amountOf: (server: Server) => number;

  constructor(servers: readonly Server[], { random, before }: BalancerSetting, amountOf: (server: Server) => number) {
    this.turns = new Turns(servers, random(), before instanceof LeastLoaded ? before.turns : null);
    this.#amountOf = amountOf;
  }

  pick(tried: readonly Server[]): Server | null {
    const best = this.#best(tried);
    if (best === -1) return null;
    this.turns.take(best);
    return this.turns.server(best);
  }

  peek(tried: readonly Server[]): Server | null {
    const best = this.#best(tried);
    return best === -1 ? null : this.turns.server(best);
  }

  #best(tried: readonly Server[]): number {
    const { turns } = this;
    const next = turns.next(tried);
    if (next === -1) return -1;
    return this.#amountOf(turns.server(next)) === 0 ? next : this.#least(next, tried);
  }

  #least(first: number, tried: readonly Server[]): number {
    const { turns } = this;
    let best = first;
    let least = this.#loadOf(first);
    for (let i = 0; i < turns.servers.length; i++) {
      const load = this.#loadOf(i);
      if (load > least || (load === least && turns.turnOf(i) >= turns.turnOf(best))) continue;
      if (!eligible(turns.server(i), tried)) continue;
      best = i;
      least = load;
    }
    return best;
  }

  #loadOf(index: number): number {
    const server = this.turns.server(index);
    return this.#amountOf(server) / (server.share * server.part);
  }
}
