import { defineBalancer } from '../upstream/balancer.ts';
import { LeastLoaded } from './least-loaded.ts';

/** The server with the fewest bytes per second, both ways, for its weight. */
export const leastBandwidth = defineBalancer({
  keyed: false,
  measures: 'traffic',
  make: (servers, setting) => new LeastLoaded(servers, setting, ({ traffic }) => traffic?.value() ?? 0),
});
