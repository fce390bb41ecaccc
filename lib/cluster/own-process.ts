import { fork, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { ListenAddress } from '../core/listener.ts';
import { detach } from '../net/adopt.ts';
import type { SocketWrap } from '../net/carrier.ts';
import { ChildLine } from './child-line.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import { Channel } from './channel.ts';
import type { StartWorker } from './link.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { LAST_WORD_MS, Worker } from './worker.ts';
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

/** Descriptor of a worker's end of its `Channel`. */
const CHANNEL_FD = 5;

/** Descriptor of the first listening socket, after the standard streams, Node's own channel, the lifeline and ours. */
export const FIRST_SOCKET_FD = 6;

/** Starts workers as processes that inherit the listening sockets. Messages go over a `Channel`, those about sockets over Node's own. */
export function ownProcess(options: OwnProcessOptions): StartWorker {
  return (events) => {
    const sockets = options.sockets();
    const start = (): ChildProcess =>
      fork(options.program, [], {
        execArgv: [...options.execArgv],
        env: options.env ?? process.env,
        serialization: 'advanced',
        stdio: [
          ...(['ignore', 'inherit', 'inherit', 'ipc'] as const),
          options.lifeline ?? 'pipe',
          'pipe',
          ...sockets.map(({ fd }) => fd),
        ],
      });
    const child = options.start?.(start) ?? start();
    const line = new ChildLine(child);
    const channel = new Channel<ToWorker, ToPrimary>({
      // A pipe of `stdio` is a stream both ways, and there may be any number; the published types know five that are readable or writable.
      connect: (owner) =>
        new HandleConnection(detach((child.stdio as unknown as Socket[])[CHANNEL_FD] as Socket), owner),
      hear: (message) => events.onMessage(message),
    });
    const reason = new Promise<string>((resolve) => {
      child.on('exit', (code, signal) => resolve(signal ?? `code ${String(code)}`));
      child.on('error', (error) => {
        if (child.pid === undefined) resolve(error.message);
      });
    });
    // What it has said last may still be in the channel when it has ended.
    void channel.ended.then(async () => events.onExit(await reason));
    return {
      pid: child.pid ?? 0,
      listen: sockets.map(({ address }) => address),
      isTold: false,
      send: (message, written, carrier) => {
        if (ABOUT_SOCKETS.has(message.kind))
          line.send(message, carrier, (error) => events.onMessage({ kind: 'failed', message: error.message }));
        // A worker that dies meanwhile is told by its exit.
        else if (channel.isOpen) channel.send(message, written);
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
  const exit = (): void => process.exit(0);
  const channel = new Channel<ToPrimary, ToWorker>({
    connect: (owner) => HandleConnection.openUnix(CHANNEL_FD, owner),
    hear: (message) => worker.handle(message),
  });
  const worker = new Worker(
    {
      send: (message, written) => {
        if (message.kind === 'listening') onListening?.();
        if (channel.isOpen) channel.send(message, written);
        else written?.();
      },
    },
    create,
    () => {
      channel.close();
      void channel.ended.then(exit);
      setTimeout(exit, LAST_WORD_MS);
    },
    readTable,
  );
  process.on('message', (message, socket) => worker.handle(message as ToWorker, socket as SocketWrap | undefined));
  const lifeline = new Socket({ fd: LIFELINE_FD });
  for (const event of ['end', 'error']) lifeline.on(event, () => void worker.drain());
  lifeline.resume();
  // A terminal and some supervisors signal the whole group: only the primary decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  return worker;
}

/**
 * What has an order of its own, and waits where a worker is late to take a socket: the first word, and what comes or goes to listen on. None of it
 * has to come before what the channel carries, which begins with the answer to the first word.
 */
const ABOUT_SOCKETS: ReadonlySet<ToWorker['kind']> = new Set(['start', 'open', 'shut', 'rename']);
