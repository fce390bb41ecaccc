import type { Algorithm } from '../upstream/options/balance.ts';
import type { BalancerKind } from '../upstream/balancer.ts';
import { hash } from './hash.ts';
import { ipHash } from './ip-hash.ts';
import { leastBandwidth } from './least-bandwidth.ts';
import { leastConn } from './least-conn.ts';
import { p2c } from './p2c.ts';
import { random } from './random.ts';
import { roundRobin } from './round-robin.ts';
import { weightedRandom } from './weighted-random.ts';

/** Every algorithm by the name that options call it. */
export const balancers: Readonly<Record<Algorithm, BalancerKind>> = {
  'round-robin': roundRobin,
  random,
  'weighted-random': weightedRandom,
  'least-conn': leastConn,
  'least-bandwidth': leastBandwidth,
  p2c,
  'ip-hash': ipHash,
  hash,
};
