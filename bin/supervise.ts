import type { ListenersOptions } from '../lib/cluster/listeners.ts';
import type { Config } from '../lib/core/config.ts';
import { Containment } from '../lib/core/containment.ts';
import { formatListenAddress } from '../lib/core/listener.ts';
import { createLog } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import { createNotifier } from '../lib/supervisor/notify.ts';
import { primaryProcess } from '../lib/supervisor/primary-process.ts';
import { Supervisor } from '../lib/supervisor/supervisor.ts';
import { saveCompiledCode } from './compiled-code.ts';
import { endingSignals } from './ending-signals.ts';
import { orExit } from './exit.ts';
import { openListeners, rereadListeners } from './listeners.ts';
import { privateDirectory } from './private-directory.ts';
import { PRIMARY_FLAGS } from './runtime-flags.ts';

/** The process that is started: binds, starts the primary, hears signals, and ends when nothing of the program is left. */
export async function supervise(config: Config, args: readonly string[]): Promise<void> {
  const log = createLog(config.logLevel);
  new Containment({ log, giveUp: () => process.exit(1) }).watch(process);
  const directory = await orExit(privateDirectory(config.state));
  const scheduler = systemScheduler;
  const listening: ListenersOptions = {
    scheduler,
    log,
    // The first try of one that has failed is later than the supervisor.
    onOpen: ({ address, carrier }) => supervisor.tell({ kind: 'listen', address }, carrier),
    onShut: (address) => supervisor.tell({ kind: 'unlisten', address }),
    // Each process has a descriptor more of the same socket for a moment: there is none at which nobody listens.
    onRename: (from, { address, carrier }) => {
      supervisor.tell({ kind: 'listen', address }, carrier);
      supervisor.tell({ kind: 'unlisten', address: from });
    },
    onChange: (views) => supervisor.tell({ kind: 'listeners', listeners: views }),
    sharesSockets: true,
  };
  const listeners = await orExit(openListeners(config, listening));
  const notify = createNotifier(process.env, log);
  let isAnnounced = false;
  const supervisor = new Supervisor({
    startPrimary: primaryProcess({
      // As it was started: an upgrade finds what has been installed there since.
      program: process.argv[1] ?? '',
      args,
      execArgv: [...process.execArgv, ...PRIMARY_FLAGS],
      sockets: () => listeners.bound.map(({ fd }) => fd),
      log,
    }),
    scheduler,
    log,
    directory,
    listen: () => listeners.bound.map(({ address }) => address),
    listeners: () => listeners.views(),
    closeListeners: () => listeners.close(),
    drainMs: config.drainMs,
    upgradeMs: config.upgradeMs,
    onState: (state) => {
      notify(state);
      if (state !== 'serving' || isAnnounced) return;
      isAnnounced = true;
      saveCompiledCode();
      for (const { address } of listeners.bound) log.info({ address: formatListenAddress(address) }, 'listening');
    },
  });

  const end = endingSignals(
    () => performance.now(),
    () => supervisor.drain(),
    () => supervisor.kill(),
  );
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => {
    supervisor.reread();
    void rereadListeners(config, listeners, listening);
  });
  process.on('SIGUSR2', () => supervisor.upgrade());

  const code = await supervisor.run();
  if (code === 0) log.info('ended');
  process.exit(code);
}
