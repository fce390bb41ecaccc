import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RUNTIME_FLAGS } from '../../bin/runtime-flags.ts';

/** Runs every `micro-*.ts` in a process of its own, with the flags a worker has; names on the command line choose. */
const wanted = process.argv.slice(2);
const folder = fileURLToPath(new URL('.', import.meta.url));
for (const file of globSync('micro-*.ts', { cwd: folder }).toSorted()) {
  const name = file.slice('micro-'.length, -'.ts'.length);
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, [...RUNTIME_FLAGS, file], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
