import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { ChildLine } from '../cluster/child-line.ts';
import { LIFELINE_FD } from '../cluster/own-process.ts';
import type { Log } from '../core/log.ts';
import type { StartPrimary } from './link.ts';
import type { ToSupervisor } from './messages.ts';

export interface PrimaryProcessOptions {
  /** Program of a primary: one that calls `supervised`. Looked up at every start, so that a link may point to a new one by then. */
  readonly program: string;
  readonly args: readonly string[];
  /** Options of the runtime itself. */
  readonly execArgv: readonly string[];
  /** Bound sockets of the moment, which the primary finds as `FIRST_SOCKET_FD`, `FIRST_SOCKET_FD` + 1, ... */
  readonly sockets: () => readonly number[];
  readonly log: Log;
}

/** Descriptor of the first listening socket of a primary, after the standard streams, the channel to the supervisor and the lifeline. */
export const FIRST_SOCKET_FD = 5;

/** Tells a program that it is to be a primary below a supervisor. */
export const ROLE = { name: 'ELB_ROLE', value: 'primary' } as const;

/** Starts primaries as processes that inherit the listening sockets. */
export function primaryProcess(options: PrimaryProcessOptions): StartPrimary {
  return (events) => {
    const child = fork(options.program, [...options.args], {
      execArgv: [...options.execArgv],
      env: { ...process.env, [ROLE.name]: ROLE.value },
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe', ...options.sockets()],
    });
    const line = new ChildLine(child);
    let isAlive = true;
    const exit = (reason: string, code: number | null): void => {
      if (!isAlive) return;
      isAlive = false;
      events.onExit(reason, code);
    };
    // A pipe of `stdio` is a stream both ways; the published types know them as readable or writable only.
    const lifeline = child.stdio[LIFELINE_FD] as Socket | undefined;
    lifeline?.on('error', () => undefined);
    lifeline?.on('close', () => events.onGone());
    lifeline?.resume();
    // The channel carries nothing but what a primary says to its supervisor.
    child.on('message', (message) => events.onMessage(message as ToSupervisor));
    child.on('exit', (code, signal) => exit(signal ?? `it ended with code ${String(code)}`, code));
    child.on('error', (error) => {
      if (child.pid !== undefined) return;
      exit(error.message, null);
      events.onGone();
    });
    return {
      pid: child.pid ?? 0,
      send: (message, carrier) =>
        line.send(message, carrier, (error) => options.log.error({ err: error }, 'cannot hand on a socket')),
      kill: () => {
        child.kill('SIGKILL');
      },
      release: () => {
        lifeline?.end();
      },
    };
  };
}
