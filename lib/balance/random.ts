import { type Balancer, type BalancerSetting, defineBalancer, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';

/** Any server, whatever its weight. */
export const random = defineBalancer({
  keyed: false,
  measures: null,
  make: (servers, setting) => new Random(servers, setting),
});

class Random implements Balancer {
  readonly #servers: readonly Server[];
  readonly #random: () => number;

  constructor(servers: readonly Server[], setting: BalancerSetting) {
    this.#servers = servers;
    this.#random = setting.random;
  }

  pick(tried: readonly Server[]): Server | null {
    const servers = this.#servers;
    for (let i = 0; i < ATTEMPTS; i++) {
      const server = servers[Math.floor(this.#random() * servers.length)];
      if (server !== undefined && eligible(server, tried)) return server;
    }
    const left = servers.filter((server) => eligible(server, tried));
    return left[Math.floor(this.#random() * left.length)] ?? null;
  }
}

/** Draws before all servers are looked at. */
const ATTEMPTS = 4;
