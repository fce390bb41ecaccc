import { availableParallelism } from 'node:os';
import type { Config } from '../lib/core/config.ts';
import { elapsed, systemScheduler } from '../lib/core/scheduler.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import { adminSocketOf } from './admin-socket.ts';
import type { Early } from './early.ts';
import { boundPatterns } from './runtime-flags.ts';
import { workerSetup } from './worker-setup.ts';

/** The primary begins: its first workers come up while it loads what takes no part in that. */
export async function begin(config: Config, { supervision, workers, standing }: Early): Promise<void> {
  const first = firstWorkers(config, supervision);
  workers.upTo(first);
  const { createFirstImage, createImages } = await import('./images.ts');
  const images = createImages(config);
  const image = createFirstImage(config, images, supervision);
  workers.greet(({ listen }) => ({
    kind: 'start',
    setup: workerSetup(config, adminSocketOf(supervision)),
    listen,
    image,
  }));
  // Where there are no more than two cores, whatever else runs on them makes the first answer later.
  if (image !== null && availableParallelism() <= 2)
    await Promise.race([workers.heard, elapsed(systemScheduler, ALONE_MS)]);
  const { serve } = await import('./serve.ts');
  const { createLog } = await import('../lib/core/log.ts');
  // Behind the modules: compiled code that is kept is only taken with the flags with which it was compiled, and other processes load them without.
  boundPatterns();
  await serve(config, supervision, createLog(config.logLevel), {
    startWorker: workers.startWorker,
    standing,
    first,
    images,
    image,
  });
}

/** How long a worker that has an image to begin with has the cores for itself at most: about what it needs for a hundred thousand domains. */
const ALONE_MS = 1000;

/**
 * How many workers are started at once, and are waited for before the others begin. Where nobody serves yet, one that has a core for itself
 * beside the primary serves sooner than two that share it.
 */
function firstWorkers({ workers }: Config, { succeeds }: Supervision): number {
  return succeeds ? workers : Math.min(workers, Math.max(1, availableParallelism() - 1));
}
