import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../fixtures/free-ports.ts';
import type { ProbeRecord } from './record.ts';

export interface InstanceOptions {
  readonly etcd: string;
  readonly name: string;
  readonly workers: number;
  /** Directory for the snapshot; null: none. */
  readonly state: string | null;
  /** The core for all of its processes; null: any. */
  readonly core: string | null;
  /** Whether a probe watches each of its processes, which begins before the program. */
  readonly probed: boolean;
}

/** ELB as its package is started (`npm run build`). */
export class Instance {
  readonly port: number;
  readonly startedMs = performance.now();
  readonly #child: ChildProcess;
  readonly #probes: string;
  readonly #workers: number;
  #lines = '';

  private constructor(child: ChildProcess, port: number, workers: number, probes: string) {
    this.#workers = workers;
    this.#child = child;
    this.port = port;
    this.#probes = probes;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#lines += text));
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
  }

  static async start({ etcd, name, workers, state, core, probed }: InstanceOptions): Promise<Instance> {
    const port = freePort();
    const probes = mkdtempSync(join(tmpdir(), 'elb-probe-'));
    mkdirSync(probes, { recursive: true });
    const args = ['--etcd', etcd, '--name', name, '--listen', `127.0.0.1:${port}`, '--workers', String(workers)];
    // Longer than anything that is measured: a connection that is closed as a request is on its way is no failure of what is measured.
    args.push('--keep-alive', '1h');
    const pin = core === null ? [] : ['taskset', '-c', core];
    const [program = '', ...rest] = [...pin, process.execPath, ELB, ...args];
    const child = spawn(program, rest, {
      env: {
        ...process.env,
        ...(probed && { NODE_OPTIONS: `--import=${PROBE}`, ELB_PROBE: probes }),
        ...(state === null ? { ELB_SNAPSHOT: 'off' } : { ELB_STATE: state }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(child, 'spawn');
    return new Instance(child, port, workers, probes);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Learns the process ids of the primary and of the workers that serve. */
  async processes(): Promise<{ readonly primary: number; readonly workers: readonly number[] }> {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/__erulb__/status`).catch(() => null);
      await delay(10);
      // A worker that has begun with the snapshot may be there before its primary.
      if (answer?.ok !== true) continue;
      // The shape of the admin API.
      const { instance, workers } = (await answer.json()) as StatusAnswer;
      const serving = workers.filter(({ state }) => state === 'serving').map(({ pid }) => pid);
      if (serving.length === this.#workers) return { primary: instance.pid, workers: serving };
    }
  }

  /** What it has logged. */
  get said(): string {
    return this.#lines;
  }

  records(pid: number, since: number): readonly ProbeRecord[] {
    return readRecords(this.#probes, pid, since);
  }

  /** Memory of a worker after its garbage is collected. */
  async memory(pid: number): Promise<ProbeRecord> {
    const file = join(this.#probes, 'collect');
    const since = Date.now();
    writeFileSync(file, '');
    for (;;) {
      await delay(100);
      const found = this.records(pid, since).filter(({ collected }) => collected)[1];
      if (found === undefined) continue;
      rmSync(file);
      return found;
    }
  }

  /** Resolves when nothing of it is left. A primary and workers whose supervisor was killed end by themselves, a moment later: each has its standard error. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
    rmSync(this.#probes, { recursive: true, force: true });
  }
}

/** What the probe of a process has written since. */
export function readRecords(directory: string, pid: number, since: number): readonly ProbeRecord[] {
  const file = join(directory, String(pid));
  // A process that has just begun has none yet.
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  // Written by the probe in this shape.
  return lines.map((line) => JSON.parse(line) as ProbeRecord).filter(({ at }) => at >= since);
}

interface StatusAnswer {
  readonly instance: { readonly pid: number };
  readonly workers: readonly { readonly pid: number; readonly state: string }[];
}

const ELB = fileURLToPath(new URL('../../../dist/bin/elb.js', import.meta.url));
/** What watches a process, as a module that is loaded before its program. */
export const PROBE = new URL('probe.ts', import.meta.url).href;
