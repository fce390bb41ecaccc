import { Bench, named } from '../balance/balancer-suite.ts';
import { nanoseconds } from './nanoseconds.ts';

/** Nanoseconds per choice of a server, all of it: `npm run bench:micro -- balance`. `npm run bench:balance` compares algorithms. */

for (const count of [1, 2, 10, 100]) {
  const bench = new Bench(
    named(count).map((spec, i) => ({ ...spec, weight: 1 + (i % 5) })),
    {},
  );
  nanoseconds(`round robin, servers: ${count}`, 1, () => (bench.upstream.pick([]) === null ? 0 : 1));
}
