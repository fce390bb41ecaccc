import { fork } from 'node:child_process';
import type { StartWorker } from './link.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Worker } from './worker.ts';
import type { CreatePlane } from './worker.ts';

export interface OwnProcessOptions {
  /** Program of a worker: one that calls `serveOwnProcess`. */
  readonly program: string;
  /** Options of the runtime itself. */
  readonly execArgv: readonly string[];
  /** Bound sockets, which the worker finds as `FIRST_SOCKET_FD`, `FIRST_SOCKET_FD` + 1, ... */
  readonly sockets: readonly number[];
}

/** Descriptor of a worker's first listening socket, after its standard streams and the channel to the primary. */
export const FIRST_SOCKET_FD = 4;

/** Starts workers as processes that inherit the listening sockets. */
export function ownProcess(options: OwnProcessOptions): StartWorker {
  return (events) => {
    const child = fork(options.program, [], {
      execArgv: [...options.execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...options.sockets],
    });
    let alive = true;
    const exit = (reason: string): void => {
      if (!alive) return;
      alive = false;
      events.onExit(reason);
    };
    // The channel carries nothing but the messages of `Worker`.
    child.on('message', (message) => events.onMessage(message as ToPrimary));
    child.on('exit', (code, signal) => exit(signal ?? `code ${String(code)}`));
    child.on('error', (error) => {
      if (child.pid === undefined) exit(error.message);
    });
    return {
      pid: child.pid ?? 0,
      send: (message, written) => {
        // A worker that dies meanwhile is told by its exit.
        if (child.connected) child.send(message, () => written?.());
      },
      kill: () => {
        child.kill('SIGKILL');
      },
    };
  };
}

/** The worker's side: serves until the primary says drain, or is gone, and then ends the process. */
export function serveOwnProcess(create: CreatePlane): void {
  const worker = new Worker(
    {
      send: (message) => {
        if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
      },
    },
    create,
    () => process.exit(0),
  );
  // The channel carries nothing but the messages of `Primary`.
  process.on('message', (message) => worker.handle(message as ToWorker));
  process.on('disconnect', () => void worker.drain());
  // A terminal and some supervisors signal the whole group: only the primary decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
}
