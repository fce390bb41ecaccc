import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resources } from '../api/index.ts';
import { AdminServer } from '../api/server.ts';
import type { TableChange } from '../lib/change.ts';
import { ownProcess } from '../lib/cluster/own-process.ts';
import { Primary } from '../lib/cluster/primary.ts';
import { sameProcess } from '../lib/cluster/same-process.ts';
import { bindAll, release } from '../lib/cluster/sockets.ts';
import type { BoundAddress } from '../lib/cluster/sockets.ts';
import type { StartWorker } from '../lib/cluster/link.ts';
import type { Config } from '../lib/core/config.ts';
import { formatListenAddress } from '../lib/core/listener.ts';
import { createLog } from '../lib/core/log.ts';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import { Sync } from '../lib/sync.ts';
import { Resolver, systemLookup } from '../lib/upstream/resolve.ts';
import { rules } from '../rules/index.ts';
import { createPlane } from './plane.ts';
import { RUNTIME_FLAGS } from './runtime-flags.ts';
import { createStatus } from './status.ts';
import { createImages, createStore } from './store.ts';

/** The primary: puts the parts together, runs them until a signal, and takes them down in the order they rest on each other. */
export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const ending = Promise.withResolvers<void>();
  const directory = privateDirectory();
  const adminSocket = join(directory, 'admin.sock');

  const store = createStore(config);
  // A cluster that is away comes back by itself; a file that cannot be used is somebody's mistake, and he is looking now.
  if (config.store.kind === 'file') await orExit(store.read(), BAD_CONFIGURATION);

  const bound = await orExit(bindAll(config.listen));
  const { name, limits, drainMs, trustedProxies, metrics, accessLog, requestId, statsd, logLevel } = config;
  const primary = new Primary({
    // In one process there is one worker.
    workers: Math.max(config.workers, 1),
    startWorker: starter(config, bound, log),
    setup: { name, limits, drainMs, trustedProxies, metrics, accessLog, requestId, statsd, logLevel, adminSocket },
    listen: bound.map(({ address }) => address),
    log,
  });
  const scheduler = systemScheduler;
  const resolver = new Resolver({ lookup: systemLookup, scheduler });
  const images = createImages(config);
  const sync = new Sync({
    store,
    images,
    rules,
    maxNodes: config.maxNodes,
    resolver,
    scheduler,
    log,
    apply: announcingFirst(primary, log),
  });
  const status = createStatus(name, sync, primary);
  const admin = new AdminServer({ parts: { control: sync, status }, resources, access: config.admin, log });
  await orExit(admin.listen(adminSocket));

  onSignals({
    end: () => ending.resolve(),
    endNow: () => {
      primary.kill();
      process.exit(1);
    },
    reread: () => {
      primary.reopen();
      void reread(sync, log);
    },
  });

  // Workers begin while the snapshot is read.
  const isListening = primary.start().then(() => true);
  await sync.start();
  if (await orExit(Promise.race([isListening, ending.promise.then(() => false)]))) {
    for (const { address } of bound) log.info({ address: formatListenAddress(address) }, 'listening');
  }

  await ending.promise;
  log.info('draining');
  release(bound);
  await primary.drain();
  await admin.stop();
  await sync.stop();
  log.info('ended');
  process.exit(0);
}

function starter(config: Config, bound: readonly BoundAddress[], log: Log): StartWorker {
  if (config.workers === 0) {
    const listeners = bound.map(({ address, socket }) => ({ address, handle: socket }));
    return sameProcess((start) => createPlane(start, listeners, log));
  }
  // The published package holds JavaScript, the repository TypeScript.
  const program = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  return ownProcess({ program, execArgv: RUNTIME_FLAGS, sockets: bound.map(({ socket }) => socket.fd()) });
}

/** From the first table on requests are answered; that moment is worth a line. */
function announcingFirst(
  primary: Primary,
  log: Log,
): (changes: readonly TableChange[], whole: boolean, revision: number) => Promise<void> {
  let isAnnounced = false;
  return async (changes, whole, revision) => {
    const announce = whole && !isAnnounced;
    isAnnounced ||= whole;
    await primary.apply(changes, whole, revision);
    if (announce) log.info({ entries: changes.length }, 'configuration loaded');
  };
}

async function reread(sync: Sync, log: Log): Promise<void> {
  try {
    await sync.reread();
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'the store cannot be read: serving what is known');
  }
}

interface SignalActions {
  end(): void;
  endNow(): void;
  reread(): void;
}

function onSignals(actions: SignalActions): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding) actions.endNow();
    isEnding = true;
    actions.end();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('SIGHUP', () => actions.reread());
}

/** Only this user may look into it. It is gone when the process is, unless that was killed. */
function privateDirectory(): string {
  try {
    const directory = mkdtempSync(join(tmpdir(), 'elb-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    return directory;
  } catch (error) {
    return exitWith(error);
  }
}

async function orExit<Value>(promise: Promise<Value>, code = 1): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    return exitWith(error, code);
  }
}

/** One clear line for what cannot work from the start on. */
function exitWith(error: unknown, code = 1): never {
  process.stderr.write(`elb: ${messageOf(error)}\n`);
  process.exit(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exit code of every option that cannot be used. */
const BAD_CONFIGURATION = 2;
