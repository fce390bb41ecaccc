import { readConfig } from '../lib/core/config.ts';
import type { Config } from '../lib/core/config.ts';
import { tellFailure } from '../lib/supervisor/supervised.ts';
import { keepCompiledCode } from './compiled-code.ts';
import type { Early } from './early.ts';
import { BAD_CONFIGURATION } from './exit.ts';
import { boundPatterns, spaceCollections, WORKER_FLAGS, runtimeEnv } from './runtime-flags.ts';
import { version } from './version.ts';

/** `elb`: reads what it was told, and answers, refuses or serves. `early`: what it has begun with as a primary. */
export async function main(args: readonly string[], early: Early | null): Promise<void> {
  const result = readConfig(args, process.env);
  switch (result.kind) {
    case 'help': {
      const { helpText } = await import('../lib/core/options-text.ts');
      process.stdout.write(helpText());
      break;
    }
    case 'version':
      process.stdout.write(`elb ${version()}\n`);
      break;
    case 'refused':
      for (const problem of result.problems) process.stderr.write(`elb: ${problem}\n`);
      refuse(result.problems.join('; '));
      break;
    case 'run':
      if (await isUsable(result.config)) await run(result.config, args, early);
      break;
  }
}

/** As what: a primary, if a supervisor has started this process; the supervisor of one; or both and a worker. */
async function run(config: Config, args: readonly string[], early: Early | null): Promise<void> {
  // Each knows only what it needs: a module is memory, and time of the start, in which one process waits for another.
  if (early !== null) {
    const { begin } = await import('./begin.ts');
    await begin(config, early);
  } else if (config.workers > 0) {
    keepCompiledCode(config);
    const { supervise } = await import('./supervise.ts');
    await supervise(config, args);
  } else {
    beginAgainWithFlags(args);
    boundPatterns();
    spaceCollections();
    const { alone } = await import('./alone.ts');
    await alone(config);
  }
}

/** What is read by parts that know more than the table of options. */
async function isUsable({ accessLog }: Config): Promise<boolean> {
  if (accessLog === null) return true;
  const { BadFormat, logFormat } = await import('../lib/stats/log-format.ts');
  try {
    logFormat(accessLog.format);
    return true;
  } catch (error) {
    if (!(error instanceof BadFormat)) throw error;
    const message = `--access-log-format (ELB_ACCESS_LOG_FORMAT) ${error.message}`;
    process.stderr.write(`elb: ${message}\n`);
    refuse(message);
    return false;
  }
}

/** What is wrong stands on stderr. A primary is bound to its supervisor already, and would not end by itself. */
function refuse(problem: string): void {
  tellFailure(problem);
  process.exit(BAD_CONFIGURATION);
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
