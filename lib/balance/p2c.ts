import { type Balancer, defineBalancer } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { WeightedDraw } from './weighted-draw.ts';

/**
 * The better of two servers drawn at random (M. Mitzenmacher 1996), by peak EWMA as in Finagle: what its replies take, times
 * the exchanges it has in flight. It avoids slow servers within a few replies, without the herd that all workers make when all
 * of them go to the one best server; and a choice costs the same for any number of servers.
 */
export const p2c = defineBalancer({
  keyed: false,
  measures: 'latency',
  make: (servers, { random }) => new PowerOfTwo(new WeightedDraw(servers, random)),
});

class PowerOfTwo implements Balancer {
  readonly #draw: WeightedDraw;

  constructor(draw: WeightedDraw) {
    this.#draw = draw;
  }

  pick(tried: readonly Server[]): Server | null {
    const one = this.#draw.draw(tried, null);
    const other = one === null ? null : this.#draw.draw(tried, one);
    if (one === null || other === null) return one;
    return this.#cost(other) < this.#cost(one) ? other : one;
  }

  /** A server that has not replied yet is worth a try, one at a time. */
  #cost(server: Server): number {
    const replyMs = server.latency?.value() ?? 0;
    const load = 1 + (server.inFlight * this.#draw.meanShare) / (server.share * server.part);
    return replyMs === 0 ? (server.inFlight === 0 ? 0 : UNKNOWN_MS * load) : replyMs * load;
  }
}

/** More than any reply takes. */
const UNKNOWN_MS = 1e9;
