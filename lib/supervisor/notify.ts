import { spawn } from 'node:child_process';
import type { Log } from '../core/log.ts';
import type { SupervisorState } from './supervisor.ts';

/**
 * Tells systemd what the program does (sd_notify(3)), where that has asked for it (`Type=notify`). It listens on a datagram socket, which
 * Node cannot write to, so its own `systemd-notify` does that; the unit needs `NotifyAccess=all`.
 */
export function createNotifier(
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): (state: SupervisorState) => void {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return () => undefined;
  let last = Promise.resolve();
  return (state) => {
    // One after the other: each of them ends when systemd has heard it.
    last = last.then(() => notify(assignmentsOf(state), log));
  };
}

function assignmentsOf(state: SupervisorState): readonly string[] {
  switch (state) {
    case 'serving':
      return ['READY=1', 'STATUS=serving'];
    case 'upgrading':
      // CLOCK_MONOTONIC in microseconds: which reload it is.
      return ['RELOADING=1', `MONOTONIC_USEC=${String(process.hrtime.bigint() / 1000n)}`, 'STATUS=upgrading'];
    case 'draining':
      return ['STOPPING=1', 'STATUS=draining'];
  }
}

function notify(assignments: readonly string[], log: Log): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', assignments, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', (error) => {
      log.warn({ reason: error.message }, 'systemd cannot be told: systemd-notify does not run');
      resolve();
    });
    child.on('exit', () => resolve());
  });
}
