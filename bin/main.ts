import { availableParallelism } from 'node:os';
import { startEarly } from '../lib/cluster/early-workers.ts';
import { readConfig } from '../lib/core/config.ts';
import type { Config } from '../lib/core/config.ts';
import { createLog } from '../lib/core/log.ts';
import { elapsed, systemScheduler } from '../lib/core/scheduler.ts';
import { helpText } from '../lib/core/options-text.ts';
import { BadFormat, logFormat } from '../lib/stats/log-format.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import { isSupervised, supervised, tellFailure } from '../lib/supervisor/supervised.ts';
import { adminSocketOf } from './admin-socket.ts';
import { BAD_CONFIGURATION, orExit } from './exit.ts';
import { createFirstImage, createImages } from './images.ts';
import { boundPatterns, WORKER_FLAGS, runtimeEnv } from './runtime-flags.ts';
import { version } from './version.ts';
import { workerProcess } from './worker-process.ts';
import { workerSetup } from './worker-setup.ts';

/** `elb`: reads what it was told, and answers, refuses or serves. */
export async function main(args: readonly string[]): Promise<void> {
  const result = readConfig(args, process.env);
  switch (result.kind) {
    case 'help':
      process.stdout.write(helpText());
      break;
    case 'version':
      process.stdout.write(`elb ${version()}\n`);
      break;
    case 'refused':
      for (const problem of result.problems) process.stderr.write(`elb: ${problem}\n`);
      tellFailure(result.problems.join('; '));
      process.exitCode = BAD_CONFIGURATION;
      break;
    case 'run':
      if (isUsable(result.config)) await run(result.config, args);
      break;
  }
}

/** As what: a primary, if a supervisor has started this process; the supervisor of one; or both and a worker. */
async function run(config: Config, args: readonly string[]): Promise<void> {
  if (isSupervised()) {
    boundPatterns();
    const supervision = await orExit(supervised());
    const images = createImages(config);
    const image = createFirstImage(config, images, supervision);
    const first = firstWorkers(config, supervision);
    // Before anything else is loaded: they come up beside it.
    const { startWorker, heard } = startEarly(workerProcess(supervision), first, ({ listen }) => ({
      kind: 'start',
      setup: workerSetup(config, adminSocketOf(supervision)),
      listen,
      image,
    }));
    // Where there are no more than two cores, whatever else runs on them makes the first answer later.
    if (image !== null && availableParallelism() <= 2) await Promise.race([heard, elapsed(systemScheduler, ALONE_MS)]);
    const { serve } = await import('./serve.ts');
    await serve(config, supervision, createLog(config.logLevel), { startWorker, first, images, image });
  } else if (config.workers > 0) {
    // It knows only what it needs: each module is memory in a process that does next to nothing.
    const { supervise } = await import('./supervise.ts');
    await supervise(config, args);
  } else {
    beginAgainWithFlags(args);
    boundPatterns();
    const { alone } = await import('./alone.ts');
    await alone(config);
  }
}

/** How long a worker that has an image to begin with has the cores for itself: about what it needs for ten thousand domains. */
const ALONE_MS = 300;

/**
 * How many workers are started at once, and are waited for before the others begin. Where nobody serves yet, one that has a core for itself
 * beside the primary serves sooner than two that share it.
 */
function firstWorkers({ workers }: Config, { succeeds }: Supervision): number {
  return succeeds ? workers : Math.min(workers, Math.max(1, availableParallelism() - 1));
}

/** What is read by parts that know more than the table of options. */
function isUsable({ accessLog }: Config): boolean {
  try {
    if (accessLog !== null) logFormat(accessLog.format);
    return true;
  } catch (error) {
    if (!(error instanceof BadFormat)) throw error;
    const message = `--access-log-format (ELB_ACCESS_LOG_FORMAT) ${error.message}`;
    process.stderr.write(`elb: ${message}\n`);
    tellFailure(message);
    process.exitCode = BAD_CONFIGURATION;
    return false;
  }
}

/**
 * Flags of the runtime only work from its start. Where they are missing, the process becomes the same program with them:
 * same process id, same streams, and a supervisor sees no difference.
 */
function beginAgainWithFlags(args: readonly string[]): void {
  if (WORKER_FLAGS.every((flag) => process.execArgv.includes(flag))) return;
  if (process.execve === undefined) throw new Error('this platform cannot replace a process');
  const script = process.argv[1] ?? '';
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...WORKER_FLAGS, script, ...args],
    runtimeEnv(process.env),
  );
}
