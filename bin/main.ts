import { type Config, readConfig } from '../lib/core/config.ts';
import { helpText } from '../lib/core/options-text.ts';
import { BadFormat, logFormat } from '../lib/stats/log-format.ts';
import { RUNTIME_FLAGS } from './runtime-flags.ts';
import { version } from './version.ts';

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
      process.exitCode = 2;
      break;
    case 'run': {
      if (!isUsable(result.config)) break;
      beginAgainWithFlags(args);
      const { serve } = await import('./serve.ts');
      await serve(result.config);
      break;
    }
  }
}

/** What is read by parts that know more than the table of options. */
function isUsable({ accessLog }: Config): boolean {
  try {
    if (accessLog !== null) logFormat(accessLog.format);
    return true;
  } catch (error) {
    if (!(error instanceof BadFormat)) throw error;
    process.stderr.write(`elb: --access-log-format (ELB_ACCESS_LOG_FORMAT) ${error.message}\n`);
    process.exitCode = 2;
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
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...RUNTIME_FLAGS, script, ...args]);
}
