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
  /** Sorted, and whose they are. */
  readonly #points: Uint32Array;
  readonly #owners: Int32Array;
  /** The ring in as many equal parts as there are points, about: where each begins, so that a key's point is found at once. */
  readonly #starts: Int32Array;
  readonly #shift: number;
  /** Percent of the average; 0: unbounded. */
  readonly #bound: number;

  constructor(servers: readonly Server[], bound: number) {
    this.#servers = servers.filter((server) => server.share > 0);
    this.#hashes = this.#servers.map((server) => hashText(serverKey(server.spec)));
    this.#bound = bound;
    const counts = pointsPerServer(this.#servers);
    const size = counts.reduce((sum, count) => sum + count, 0);
    const bits = Math.max(1, Math.ceil(Math.log2(size + 1)));
    this.#shift = 32 - bits;
    this.#starts = new Int32Array(2 ** bits + 1);
    this.#points = new Uint32Array(size);
    this.#owners = new Int32Array(size);
    this.#place(counts);
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
    let at = this.#starts[key >>> this.#shift] ?? 0;
    while (at < points.length && (points[at] ?? 0) < key) at++;
    return at === points.length ? 0 : at;
  }

  /** Sorts by counting the points of each part, then the few within a part by inserting. */
  #place(counts: readonly number[]): void {
    const starts = this.#starts;
    const shift = this.#shift;
    this.#eachPoint(counts, (point) => {
      const part = (point >>> shift) + 1;
      starts[part] = (starts[part] ?? 0) + 1;
    });
    for (let part = 1; part < starts.length; part++) starts[part] = (starts[part] ?? 0) + (starts[part - 1] ?? 0);
    const ends = starts.slice();
    this.#eachPoint(counts, (point, owner) => {
      const part = point >>> shift;
      let at = ends[part] ?? 0;
      ends[part] = at + 1;
      for (; at > (starts[part] ?? 0) && (this.#points[at - 1] ?? 0) > point; at--) {
        this.#points[at] = this.#points[at - 1] ?? 0;
        this.#owners[at] = this.#owners[at - 1] ?? 0;
      }
      this.#points[at] = point;
      this.#owners[at] = owner;
    });
  }

  #eachPoint(counts: readonly number[], visit: (point: number, owner: number) => void): void {
    for (const [owner, count] of counts.entries()) {
      const hash = this.#hashes[owner] ?? 0;
      for (let n = 1; n <= count; n++) visit(mixBits(hash ^ mixBits(n)), owner);
    }
  }
}

/** By halves where they are too many: the points that stay are those that were there. */
function pointsPerServer(servers: readonly Server[]): readonly number[] {
  const shares = servers.reduce((sum, server) => sum + server.share, 0);
  let perShare: number = POINTS;
  while (perShare * shares > MAX_POINTS) perShare /= 2;
  return servers.map((server) => Math.ceil(perShare * server.share));
}

/** Of a server of weight 1, as long as there are not too many in all: parts are even to some 4 %. */
const POINTS = 512;
const MAX_POINTS = 131_072;
/** Points that cannot be used before all servers are looked at. */
const MAX_STEPS = 256;
