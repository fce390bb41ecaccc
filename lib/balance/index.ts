import type { Algorithm } from '../upstream/options/balance.ts';
import type { BalancerKind } from '../upstream/balancer.ts';
import { roundRobin } from './round-robin.ts';

/** Every algorithm by the name that options call it. */
export const balancers: Readonly<Record<Algorithm, BalancerKind>> = { 'round-robin': roundRobin };
