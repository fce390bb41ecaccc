import { RUNTIME_FLAGS } from './runtime-flags.ts';

/**
 * Becomes the same program with the flags that workers run with, where they are missing: patterns are checked by the engine that will
 * run them, and such flags only work from the start of a process.
 */
export function checkAsWorkersDo(): void {
  if (RUNTIME_FLAGS.every((flag) => process.execArgv.includes(flag))) return;
  if (process.execve === undefined) throw new Error('this platform cannot replace a process');
  const { execPath, execArgv, argv } = process;
  process.execve(execPath, [execPath, ...execArgv, ...RUNTIME_FLAGS, ...argv.slice(1)]);
}
