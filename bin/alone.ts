import { releaseAll } from '../lib/cluster/sockets.ts';
import type { BoundAddress } from '../lib/cluster/sockets.ts';
import { sameProcess } from '../lib/cluster/same-process.ts';
import type { Config } from '../lib/core/config.ts';
import { Handover } from '../lib/core/handover.ts';
import { formatListenAddress } from '../lib/core/listener.ts';
import { createLog } from '../lib/core/log.ts';
import type { Log } from '../lib/core/log.ts';
import type { Orders, Supervision } from '../lib/supervisor/supervision.ts';
import { orExit } from './exit.ts';
import { openListeners } from './listeners.ts';
import { createPlane } from './plane.ts';
import { privateDirectory } from './private-directory.ts';
import { serve } from './serve.ts';

/** Everything in one process. Nothing is left to serve when it crashes, and nothing to take over from at an upgrade. */
export async function alone(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const directory = await orExit(privateDirectory(config.state));
  const bound = await orExit(openListeners(config));
  const startWorker = sameProcess((start, tell, together) => createPlane(start, bound, log, tell, together));
  process.on('exit', (code) => {
    if (code === 0) log.info('ended');
  });
  await serve(config, supervisionOf(directory, bound, log), log, startWorker);
}

/** What would be a supervisor's. */
function supervisionOf(directory: string, bound: readonly BoundAddress[], log: Log): Supervision {
  let orders: Orders | null = null;
  return {
    generation: 1,
    directory,
    listen: bound.map(({ address }) => address),
    succeeds: false,
    handover: new Handover(),
    history: { startedAt: Date.now(), crashes: 0, lastCrash: null, upgrades: 0, lastUpgrade: null },
    obey: (to) => {
      orders = to;
      hearSignals(to, log);
    },
    prepared: () => orders?.serve(),
    serving: () => {
      for (const { address } of bound) log.info({ address: formatListenAddress(address) }, 'listening');
    },
    workers: () => undefined,
    failed: () => undefined,
    closeListeners: () => releaseAll(bound),
  };
}

function hearSignals(orders: Orders, log: Log): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding) orders.kill();
    isEnding = true;
    log.info('draining');
    orders.drain(false);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => orders.reread());
  process.on('SIGUSR2', () => log.warn('one process cannot be upgraded: --workers 1 or more can'));
}
