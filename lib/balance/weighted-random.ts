import { type Balancer, defineBalancer } from '../upstream/balancer.ts';
import type { Server } from '../upstream/server.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Any server, as often as its weight says. */
export const weightedRandom = defineBalancer({
  keyed: false,
  measures: null,
  make: (servers, { random }) => new WeightedRandom(new WeightedDraw(servers, random)),
});

class WeightedRandom implements Balancer {
  readonly #draw: WeightedDraw;

  constructor(draw: WeightedDraw) {
    this.#draw = draw;
  }

  pick(tried: readonly Server[]): Server | null {
    return this.#draw.draw(tried, null);
  }
}
