import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RUNTIME_FLAGS } from '../../../bin/runtime-flags.ts';
import { PROBE, readRecords } from './instance.ts';
import type { ProbeRecord } from './record.ts';

/**
 * Turns of a process on a core for itself that has the options of a worker and makes about as much garbage (`programs/garbage.ts`), by the probe of the workers: what of
 * their longest turns nothing in ELB can do anything about.
 */
export async function turnsOfBareProcess(core: string, seconds: number): Promise<readonly ProbeRecord[]> {
  const probes = mkdtempSync(join(tmpdir(), 'elb-probe-'));
  const program = fileURLToPath(new URL('../programs/garbage.ts', import.meta.url));
  const child = spawn('taskset', ['-c', core, process.execPath, ...RUNTIME_FLAGS, program], {
    env: { ...process.env, NODE_OPTIONS: `--import=${PROBE}`, ELB_PROBE: probes },
    stdio: 'inherit',
  });
  await delay(WARM_MS);
  const since = Date.now();
  await delay(seconds * 1000);
  const records = readRecords(probes, child.pid ?? 0, since);
  const exited = once(child, 'exit');
  child.kill();
  await exited;
  rmSync(probes, { recursive: true, force: true });
  return records;
}

/** Until it has compiled what it runs. */
const WARM_MS = 3000;
