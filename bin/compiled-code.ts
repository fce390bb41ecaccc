import { mkdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Config } from '../lib/core/config.ts';

/**
 * Has compiled code kept in the state directory, unless the environment names another place: this process, from its next module on, and those
 * that it starts begin in half the time (Node: module compile cache). Where it cannot be kept, all is compiled each time.
 */
export function keepCompiledCode({ state }: Config): void {
  if (state !== null) process.env['NODE_COMPILE_CACHE'] ??= join(state, 'compile-cache');
  const directory = process.env['NODE_COMPILE_CACHE'];
  if (directory === undefined || directory === '') return;
  try {
    // Nobody else is to look into it, whoever is the first to make it.
    if (state !== null) mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch {
    // That it cannot be used is told by who cannot do without.
    return;
  }
  enableCompileCache(directory);
}

/** What was compiled until now is there at the next start, however this process ends. Takes some milliseconds after an upgrade, else nothing. */
export function saveCompiledCode(): void {
  flushCompileCache();
}
