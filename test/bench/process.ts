import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The proxy has a core for itself; load and servers share the other one. */
export const PROXY_CORE = '0';
export const LOAD_CORE = '1';

/** Twice as many as the clients that any work has: each of them may have a connection to a server. */
const DESCRIPTORS = 40_000;

/** A process on one core, with its own process group, and its output in a file. */
export class PinnedProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #ended = false;

  private constructor(child: ChildProcess, pid: number, logFile: string) {
    this.pid = pid;
    this.#child = child;
    this.#logFile = logFile;
    running.add(this);
    child.once('exit', () => {
      this.#ended = true;
      running.delete(this);
    });
  }

  /** Starts a command; the shell and `taskset` become the program, so that the process id is the program's own. */
  static async start(cores: string, command: Command, logFile: string): Promise<PinnedProcess> {
    const log = openSync(logFile, 'a');
    const words = ['taskset', '-c', cores, command.program, ...command.args];
    const child = spawn('sh', ['-c', `ulimit -n ${DESCRIPTORS} 2>/dev/null; exec "$@"`, 'sh', ...words], {
      stdio: ['ignore', log, log],
      detached: true,
      env: { ...process.env, ...command.env },
    });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error(`no process id for ${command.program}`);
    return new PinnedProcess(child, child.pid, logFile);
  }

  /** Resolves when something accepts connections on the port; rejects with the process's last words if it ends first. */
  async accepts(port: number, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await canConnect(port))) {
      if (this.#ended) throw new Error(`ended before it listened:\n${this.lastWords()}`);
      if (performance.now() > deadline) throw new Error(`does not listen after ${withinMs} ms:\n${this.lastWords()}`);
      await delay(50);
    }
  }

  lastWords(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-2000);
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.killGroup(), STOP_MS);
    await ended;
    clearTimeout(timer);
    this.killGroup();
  }

  /** Ends the process and everything it started. */
  killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // All of the group has ended already.
    }
  }
}

/** First line that matches in what a command prints, or null where the command is missing. */
export function outputOf(program: string, args: readonly string[], pattern: RegExp): string | null {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return null;
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? null;
}

const STOP_MS = 5000;
const running = new Set<PinnedProcess>();

process.on('exit', () => {
  for (const started of running) started.killGroup();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

async function canConnect(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
