import type { Listeners, ListenersOptions } from '../lib/cluster/listeners.ts';
import { sameProcess } from '../lib/cluster/same-process.ts';
import type { Config } from '../lib/core/config.ts';
import { Handover } from '../lib/core/handover.ts';
import { formatListenAddress } from '../lib/core/listener.ts';
import { createLog } from '../lib/core/log.ts';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import type { Orders, Supervision } from '../lib/supervisor/supervision.ts';
import { endingSignals } from './ending-signals.ts';
import { orExit } from './exit.ts';
import { createImages } from './images.ts';
import { openListeners, rereadListeners } from './listeners.ts';
import { createPlane } from './plane.ts';
import { privateDirectory } from './private-directory.ts';
import { serve } from './serve.ts';

/** Everything in one process. Nothing is left to serve when it crashes, and nothing to take over from at an upgrade. */
export async function alone(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const directory = await orExit(privateDirectory(config.state));
  let orders: Orders | null = null;
  const listening: ListenersOptions = {
    scheduler: systemScheduler,
    log,
    onOpen: ({ address, carrier }) => orders?.listen(address, carrier),
    onShut: (address) => orders?.unlisten(address),
    onRename: (from, { address }) => orders?.relisten(from, address),
    onChange: () => undefined,
    sharesSockets: false,
  };
  const listeners = await orExit(openListeners(config, listening));
  const startWorker = sameProcess(
    (start, tell, together) => createPlane(start, listeners.bound, log, tell, together),
    () => listeners.bound.map(({ address }) => address),
  );
  process.on('exit', (code) => {
    if (code === 0) log.info('ended');
  });
  const supervision = supervisionOf(directory, listeners, log, (to) => {
    orders = to;
    hearSignals(to, log);
    process.on('SIGHUP', () => void rereadListeners(config, listeners, listening));
  });
  await serve(config, supervision, log, {
    startWorker,
    standing: null,
    first: 1,
    images: createImages(config),
    image: null,
  });
}

/** What would be a supervisor's. */
function supervisionOf(directory: string, listeners: Listeners, log: Log, obey: (orders: Orders) => void): Supervision {
  let orders: Orders | null = null;
  return {
    generation: 1,
    directory,
    get sockets() {
      return listeners.bound;
    },
    get listeners() {
      return listeners.views();
    },
    succeeds: false,
    handover: new Handover(),
    history: { startedAt: Date.now(), crashes: 0, lastCrash: null, upgrades: 0, lastUpgrade: null },
    obey: (to) => {
      orders = to;
      obey(to);
    },
    prepared: () => orders?.serve(),
    serving: () => {
      for (const { address } of listeners.bound) log.info({ address: formatListenAddress(address) }, 'listening');
    },
    workers: () => undefined,
    failed: () => undefined,
    closeListeners: () => listeners.close(),
  };
}

function hearSignals(orders: Orders, log: Log): void {
  const drain = (): void => {
    log.info('draining');
    orders.drain(false);
  };
  const end = endingSignals(
    () => performance.now(),
    drain,
    () => orders.kill(),
  );
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => orders.reread());
  process.on('SIGUSR2', () => log.warn('one process cannot be upgraded: --workers 1 or more can'));
}
