import { defineBalancer } from '../upstream/balancer.ts';
import { Ring } from './ring.ts';

/** The server that a value of the request belongs to. */
export const hash = defineBalancer({
  keyed: true,
  measures: null,
  make: (servers, { options }) => new Ring(servers, options.hash.bound),
});
