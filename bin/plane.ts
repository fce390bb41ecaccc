import { DataPlane } from '../lib/app.ts';
import type { ToWorker } from '../lib/cluster/messages.ts';
import type { Together } from '../lib/cluster/worker.ts';
import type { BoundListener } from '../lib/core/listener.ts';
import type { Log } from '../lib/core/log.ts';
import { RedisRates } from '../lib/redis/redis-rates.ts';
import type { WorkerSightings } from '../lib/upstream/server-health.ts';
import { rules } from '../rules/index.ts';
import { settleCollections } from './runtime-flags.ts';

/** The data plane of a worker, from what its primary told it. */
export function createPlane(
  { setup }: ToWorker & { readonly kind: 'start' },
  listeners: readonly BoundListener[],
  log: Log,
  tell: (sightings: WorkerSightings) => void,
  { rates, places, forget }: Together,
): DataPlane {
  const { name, redis, statsd, ...options } = setup;
  return new DataPlane({
    ...options,
    listeners,
    statsd: statsd === null ? null : { ...statsd, prefix: name },
    rules,
    log,
    tell,
    forget,
    onReady: settleCollections,
    instanceRates: rates,
    instancePlaces: places,
    fleetRates: redis === null ? null : new RedisRates({ url: redis, prefix: name, log }),
  });
}
