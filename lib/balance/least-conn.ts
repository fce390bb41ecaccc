import { defineBalancer } from '../upstream/balancer.ts';
import { LeastLoaded } from './least-loaded.ts';

/** The server with the fewest exchanges in flight for its weight. */
export const leastConn = defineBalancer({
  keyed: false,
  measures: null,
  make: (servers, setting) => new LeastLoaded(servers, setting, ({ inFlight }) => inFlight),
});
