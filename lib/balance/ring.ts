import { hashText, mixBits } from '../core/hash.ts';
import { type Balancer, eligible } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { serverKey } from '../upstream/server-spec.ts';

/**
 * Consistent hashing (D. Karger et al. 1997; libketama): each server has points on a ring of 2^32, as many as its share says,
 * and a key belongs to the first point at or behind it.
 *
 *     0 ------ b --- a -- c ---------- a ------ b -- c ------ 2^32
 *                       key ---------->
 *
 * A server's points depend on the server alone: when one comes or goes, only keys that are or were its own move, and they
 * spread over all others. With a bound (V. Mirrokni et al. 2016), a server that has more exchanges in flight than so many
 * percent of the average passes new ones on to the next.
 */
export class Ring implements Balancer {
  readonly #servers: readonly Server[];
  readonly #hashes: readonly number[];
  /** Sorted; and whose they are. */
  readonly #points: Uint32Array;
  readonly #owners: Int32Array;
  /** Percent of the average; 0: unbounded. */
  readonly #bound: number;

  constructor(servers: readonly Server[], bound: number) {
    this.#servers = servers.filter((server) => server.share > 0);
    this.#hashes = this.#servers.map((server) => hashText(serverKey(server.spec)));
    this.#bound = bound;
    const sorted = this.#place();
    this.#points = Uint32Array.from(sorted, (place) => Math.floor(place / OWNERS));
    this.#owners = Int32Array.from(sorted, (place) => place % OWNERS);
  }

  pick(tried: readonly Server[], key: number): Server | null {
    const size = this.#points.length;
    if (size === 0) return null;
    const limit = this.#bound === 0 ? Infinity : this.#limit();
    let at = this.#firstAt(key);
    for (let steps = Math.min(size, MAX_STEPS); steps > 0; steps--) {
      const server = this.#servers[this.#owners[at] ?? 0];
      if (server !== undefined && server.inFlight < limit * server.share && eligible(server, tried)) return server;
      at = at + 1 === size ? 0 : at + 1;
    }
    return this.#pickLeft(tried, key);
  }

  /** Most of them cannot be chosen: rendezvous hashing (D. Thaler, C. Ravishankar 1996) among the others. */
  #pickLeft(tried: readonly Server[], key: number): Server | null {
    let best: Server | null = null;
    let highest = -1;
    for (const [i, server] of this.#servers.entries()) {
      const score = mixBits(key ^ (this.#hashes[i] ?? 0));
      if (score <= highest || !eligible(server, tried)) continue;
      highest = score;
      best = server;
    }
    return best;
  }

  /** Exchanges in flight that a server may have for each unit of its share, before one more. */
  #limit(): number {
    let inFlight = 1;
    let shares = 0;
    for (const server of this.#servers) {
      inFlight += server.inFlight;
      shares += server.share;
    }
    return ((inFlight / shares) * this.#bound) / 100;
  }

  /** Index of the first point at or behind a key. */
  #firstAt(key: number): number {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low === points.length ? 0 : low;
  }

  /** Points and their owners, as one sorted number each. */
  #place(): Float64Array {
    let perShare: number = POINTS;
    const shares = this.#servers.reduce((sum, server) => sum + server.share, 0);
    // By halves: the points that stay are those that were there.
    while (perShare * shares > MAX_POINTS) perShare /= 2;
    const places: number[] = [];
    for (const [i, server] of this.#servers.entries()) {
      const hash = this.#hashes[i] ?? 0;
      for (let n = 0; n < perShare * server.share; n++) places.push(mixBits(hash ^ mixBits(n + 1)) * OWNERS + i);
    }
    return Float64Array.from(places).toSorted();
  }
}

/** Of a server of weight 1, as long as there are not too many in all. */
const POINTS = 128;
const MAX_POINTS = 262_144;
/** More than there are servers; a point and an owner fit into a number's 53 bits. */
const OWNERS = 2 ** 20;
const MAX_STEPS = 256;
