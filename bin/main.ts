import { startEarly } from '../lib/cluster/early-workers.ts';
import { readConfig } from '../lib/core/config.ts';
import type { Config } from '../lib/core/config.ts';
import { createLog } from '../lib/core/log.ts';
import { helpText } from '../lib/core/options-text.ts';
import { BadFormat, logFormat } from '../lib/stats/log-format.ts';
import { isSupervised, supervised, tellFailure } from '../lib/supervisor/supervised.ts';
import { BAD_CONFIGURATION, orExit } from './exit.ts';
import { RUNTIME_FLAGS, runtimeEnv } from './runtime-flags.ts';
import { version } from './version.ts';
import { workerProcess } from './worker-process.ts';

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
    const supervision = await orExit(supervised());
    // Before anything else is loaded: they come up beside it.
    const startWorker = startEarly(workerProcess(supervision), config.workers);
    const { serve } = await import('./serve.ts');
    await serve(config, supervision, createLog(config.logLevel), startWorker);
  } else if (config.workers > 0) {
    // It knows only what it needs: each module is memory in a process that does next to nothing.
    const { supervise } = await import('./supervise.ts');
    await supervise(config, args);
  } else {
    beginAgainWithFlags(args);
    const { alone } = await import('./alone.ts');
    await alone(config);
  }
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
  if (RUNTIME_FLAGS.every((flag) => process.execArgv.includes(flag))) return;
  if (process.execve === undefined) throw new Error('this platform cannot replace a process');
  const script = process.argv[1] ?? '';
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...RUNTIME_FLAGS, script, ...args],
    runtimeEnv(process.env),
  );
}
