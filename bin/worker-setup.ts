import type { WorkerSetup } from '../lib/cluster/messages.ts';
import type { Config } from '../lib/core/config.ts';
import { limitsOfWorker } from '../lib/core/limits.ts';

/** What a worker gets of the configuration: nothing that only the control plane has to know, tokens and secrets least of all. */
export function workerSetup(config: Config, adminSocket: string): WorkerSetup {
  // In one process there is one worker.
  const workers = Math.max(config.workers, 1);
  return {
    name: config.name,
    workers,
    limits: limitsOfWorker(config.limits, workers),
    drainMs: config.drainMs,
    trustedProxies: config.trustedProxies,
    serverCa: config.serverCa,
    redis: config.redis,
    metrics: config.metrics,
    accessLog: config.accessLog,
    recentRequests: config.recentRequests,
    requestId: config.requestId,
    tracing: config.tracing,
    statsd: config.statsd,
    logLevel: config.logLevel,
    tls: config.tls,
    adminSocket,
    ownSlice: config.ownSlice,
  };
}
