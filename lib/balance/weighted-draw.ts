import { eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';

/**
 * Draws servers at random, each as often as its share says, in constant time (the alias method, A. J. Walker 1977; tables as by
 * M. D. Vose 1991): every server has a column of the same height, filled up by a part of another one's share.
 */
export class WeightedDraw {
  readonly servers: readonly Server[];
  readonly meanShare: number;
  readonly #random: () => number;
  /** The part of a column that is its own server's, from 0 to 1; above that is the alias's. */
  readonly #own: Float64Array;
  readonly #alias: Int32Array;

  constructor(servers: readonly Server[], random: () => number) {
    const shared = servers.filter((server) => server.share > 0);
    const total = shared.reduce((sum, server) => sum + server.share, 0);
    this.servers = shared;
    this.meanShare = total / shared.length;
    this.#random = random;
    this.#own = new Float64Array(shared.map((server) => (server.share * shared.length) / total));
    this.#alias = new Int32Array(shared.length);
    this.#fill();
  }

  /** An eligible server other than `not`; null if there is none. */
  draw(tried: readonly Server[], not: Server | null): Server | null {
    for (let i = 0; i < ATTEMPTS; i++) {
      const server = this.#drawAny();
      if (server !== undefined && server !== not && eligible(server, tried)) return server;
    }
    return this.#drawLeft(tried, not);
  }

  #drawAny(): Server | undefined {
    const at = this.#random() * this.servers.length;
    const column = Math.floor(at);
    return this.servers[at - column < (this.#own[column] ?? 0) ? column : (this.#alias[column] ?? 0)];
  }

  /** Where many cannot be chosen: looks at all. */
  #drawLeft(tried: readonly Server[], not: Server | null): Server | null {
    const left = this.servers.filter((server) => server !== not && eligible(server, tried));
    let at = this.#random() * left.reduce((sum, server) => sum + server.share, 0);
    for (const server of left) {
      at -= server.share;
      if (at < 0) return server;
    }
    return left.at(-1) ?? null;
  }

  #fill(): void {
    const own = this.#own;
    const low: number[] = [];
    const high: number[] = [];
    for (const [i, part] of own.entries()) (part < 1 ? low : high).push(i);
    while (low.length > 0 && high.length > 0) {
      const [small, large] = [low.pop() ?? 0, high.pop() ?? 0];
      this.#alias[small] = large;
      const rest = (own[large] ?? 0) - (1 - (own[small] ?? 0));
      own[large] = rest;
      (rest < 1 ? low : high).push(large);
    }
    // What is left is full, but for rounding.
    for (const i of [...low, ...high]) own[i] = 1;
  }
}

/** Draws before all servers are looked at. */
const ATTEMPTS = 4;
