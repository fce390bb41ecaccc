import { roundRobin } from '../../lib/balance/round-robin.ts';
import { Wheel } from '../../lib/core/wheel.ts';
import { Server } from '../../lib/upstream/server.ts';
import { nanoseconds } from './nanoseconds.ts';

/** Nanoseconds per choice of a server: `npm run bench:micro -- balance`. */

const wheel = new Wheel();
const none: readonly Server[] = [];

for (const count of [1, 2, 10, 100]) {
  const balancer = roundRobin.make(Array.from({ length: count }, (_, i) => server(i)));
  nanoseconds(`round robin, servers: ${count}`, 1, () => (balancer.pick(none) === null ? 0 : 1));
}

function server(i: number): Server {
  const [host, port] = ['127.0.0.1', 8000 + i];
  const spec = {
    name: `${host}:${port}`,
    host,
    port,
    weight: 1 + (i % 5),
    maxFails: 1,
    failTimeoutMs: 10_000,
    backup: false,
    down: false,
    maxConns: 0,
  };
  return new Server(spec, { host, port, path: '', secure: false }, wheel, 60_000);
}
