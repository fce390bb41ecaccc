import { defineBalancer } from '../upstream/balancer.ts';
import { Ring } from './ring.ts';

/** The server that the client's address belongs to. */
export const ipHash = defineBalancer({
  keyed: true,
  measures: null,
  make: (servers, { options }) => new Ring(servers, options.hash.bound),
});
