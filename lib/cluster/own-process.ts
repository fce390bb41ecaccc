import { fork, type ChildProcess, type SendHandle } from 'node:child_process';
import { Socket } from 'node:net';
import type { ListenAddress } from '../core/listener.ts';
import type { Carrier } from '../net/carrier.ts';
import type { StartWorker } from './link.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Worker } from './worker.ts';
import type { CreatePlane, ReadTable } from './worker.ts';

export interface OwnProcessOptions {
  /** Program of a worker: one that calls `serveOwnProcess`. */
  readonly program: string;
  /** Options of the runtime itself. */
  readonly execArgv: readonly string[];
  /** Missing: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Bound sockets of the moment, which the worker finds as `FIRST_SOCKET_FD`, `FIRST_SOCKET_FD` + 1, ... */
  readonly sockets: () => readonly { readonly address: ListenAddress; readonly fd: number }[];
  /** Within it a worker is started; missing: as this thread is. */
  readonly start?: <Started>(start: () => Started) => Started;
  /** Where the primary has its lifeline; null: nobody is above, and it is the workers' lifeline itself. */
  readonly lifeline: number | null;
}

/**
 * Descriptor of the lifeline: a stream that nobody writes to. Whoever is above all primaries holds one end, a primary and its
 * workers the other. Workers whose primary is gone read its end when they are to drain, which is also what they read when nobody
 * is left above; above, its end is read when none of them is left.
 */
export const LIFELINE_FD = 4;

/** Descriptor of the first listening socket, after the standard streams, the channel to the parent and the lifeline. */
export const FIRST_SOCKET_FD = 5;

/** Starts workers as processes that inherit the listening sockets. */
export function ownProcess(options: OwnProcessOptions): StartWorker {
  return (events) => {
    const sockets = options.sockets();
    const start = (): ChildProcess =>
      fork(options.program, [], {
        execArgv: [...options.execArgv],
        env: options.env ?? process.env,
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc', options.lifeline ?? 'pipe', ...sockets.map(({ fd }) => fd)],
      });
    const child = options.start?.(start) ?? start();
    let alive = true;
    const exit = (reason: string): void => {
      if (!alive) return;
      alive = false;
      events.onExit(reason);
    };
    // The channel carries nothing but the messages of `Worker`.
    child.on('message', (message) => events.onMessage(message as ToPrimary));
    child.on('exit', (code, signal) => {
      const end = (): void => exit(signal ?? `code ${String(code)}`);
      // What it has said last may still be in the channel.
      if (child.connected) child.once('disconnect', end);
      else end();
    });
    child.on('error', (error) => {
      if (child.pid === undefined) exit(error.message);
    });
    return {
      pid: child.pid ?? 0,
      listen: sockets.map(({ address }) => address),
      isTold: false,
      send: (message, written, carrier) => {
        // A worker that dies meanwhile is told by its exit. Node takes its own wraps, too, which the published types do not know.
        if (child.connected) child.send(message, carrier as SendHandle | undefined, undefined, () => written?.());
      },
      kill: () => {
        child.kill('SIGKILL');
      },
    };
  };
}

/**
 * The worker's side: serves until the primary says drain, and then ends the process. Where the primary is gone it goes on with
 * what it knows, until its lifeline ends. The answer lets it drain on its own; it is replaced when it is gone. `onListening` is called when
 * it stands by no longer.
 */
export function serveOwnProcess(
  create: CreatePlane,
  readTable?: ReadTable,
  onListening?: () => void,
): { drain(): Promise<void> } {
  const worker = new Worker(
    {
      send: (message, written) => {
        if (message.kind === 'listening') onListening?.();
        if (process.connected) process.send?.(message, undefined, undefined, () => written?.());
        else written?.();
      },
    },
    create,
    () => process.exit(0),
    readTable,
  );
  // The channel carries nothing but the messages of `Primary`.
  process.on('message', (message, socket) => worker.handle(message as ToWorker, socket as Carrier | undefined));
  const lifeline = new Socket({ fd: LIFELINE_FD });
  for (const event of ['end', 'error']) lifeline.on(event, () => void worker.drain());
  lifeline.resume();
  // A terminal and some supervisors signal the whole group: only the primary decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  return worker;
}
