import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { resources } from '../api/index.ts';
import { MetricsServer } from '../api/metrics-server.ts';
import { AdminServer } from '../api/admin-server.ts';
import type { TableChange } from '../lib/change.ts';
import type { StartWorker } from '../lib/cluster/link.ts';
import { Primary } from '../lib/cluster/primary.ts';
import type { FirstImage } from '../lib/cluster/messages.ts';
import { collectGarbage } from '../lib/core/collect-garbage.ts';
import type { Config } from '../lib/core/config.ts';
import { Containment } from '../lib/core/containment.ts';
import { givingWay, yielding } from '../lib/core/give-way.ts';
import { openLibc } from '../lib/core/libc.ts';
import { mayAsk } from '../lib/core/own-slice.ts';
import type { Log } from '../lib/core/log.ts';
import { Seal } from '../lib/core/seal.ts';
import { Silence } from '../lib/core/silence.ts';
import type { StandingBack } from '../lib/core/standing-back.ts';
import { elapsed, systemScheduler } from '../lib/core/scheduler.ts';
import type { ImageFile } from '../lib/store/image-file.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import { Sync } from '../lib/sync.ts';
import { ReadImage } from '../lib/sync/read-image.ts';
import type { SyncOptions } from '../lib/sync/sync-options.ts';
import { DnsLookup } from '../lib/upstream/dns-lookup.ts';
import { Resolver } from '../lib/upstream/resolve.ts';
import type { TraceExport } from '../lib/traces/trace-export.ts';
import { rules } from '../rules/index.ts';
import { adminSocketOf } from './admin-socket.ts';
import { BAD_CONFIGURATION, messageOf, orExit } from './exit.ts';
import { createHealth, serversSection } from './health.ts';
import { Metrics } from './metrics.ts';
import { Certificates } from './certificates.ts';
import { saveCompiledCode } from './compiled-code.ts';
import { createFleet } from './fleet.ts';
import { createStatus } from './status.ts';
import { version } from './version.ts';
import { workerSetup } from './worker-setup.ts';
import { createHistory, createStore } from './store.ts';

/**
 * The primary: puts the parts together, runs them until it is told to drain, and takes them down in the order they rest on each
 * other. Where workers are processes there is one more that stands by.
 */
export async function serve(
  config: Config,
  supervision: Supervision,
  log: Log,
  { startWorker, standing, first, images, image }: Beginning,
): Promise<void> {
  new Containment({ log, giveUp: () => process.exit(1) }).watch(process);
  const ending = Promise.withResolvers<boolean>();
  const begun = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<void>();
  const { directory, generation, succeeds } = supervision;
  const adminSocket = adminSocketOf(supervision);
  const ownAdminSocket = join(directory, `admin-${String(generation)}.sock`);

  const libc = standing === null || config.ownSlice === 'off' ? null : openLibc();
  const giveWay = standing === null ? () => undefined : givingWay(libc === null ? undefined : yielding(libc));
  const store = await createStore(config, giveWay);
  // A cluster that is away comes back by itself; a file that cannot be used is somebody's mistake, and he is looking now.
  if (config.store.kind === 'file') await orExit(store.read(), BAD_CONFIGURATION);

  const meter = new Metrics();
  const traces = await createTraceExport(config, log);
  meter.trace(traces);
  const health = createHealth(config, log, supervision.handover.section('health'), () => primary);
  const read = images === null ? null : new ReadImage(images);
  const setup = workerSetup(config, adminSocket);
  const primary = new Primary({
    workers: setup.workers,
    spares: config.workers === 0 ? 0 : 1,
    startWorker,
    setup,
    first,
    image,
    imageTable: () => read?.table() ?? null,
    health: health.relay,
    log,
    onWorkers: (pids) => supervision.workers(pids),
    reports: meter.collector,
    servers: health.book,
  });
  const scheduler = systemScheduler;
  const resolver = new Resolver({ lookup: new DnsLookup(config.resolver).lookup, scheduler });
  const seal = new Seal(config.secrets);
  const certificates = new Certificates({ config, log, seal, store, primary, sync: () => sync, fleet: () => fleet });
  const loaded = Promise.withResolvers<void>();
  const silence = new Silence(scheduler, SILENCE_MS);
  const follow = (changes: readonly TableChange[]): void => {
    giveWay();
    health.apply(changes);
    meter.follow(changes);
    certificates.follow(changes);
  };
  const apply = announcingFirst(primary, follow, log, () => {
    read?.forget();
    loaded.resolve();
    if (mayAsk(config.ownSlice)) standing?.begin(libc, log);
    // Else V8 would do so some time later, while changes come. Who serves himself has no moment for it.
    if (standing !== null) void elapsed(scheduler, SETTLED_MS).then(collectGarbage);
  });
  const sync = new Sync({
    store,
    images: read,
    history: createHistory(config, store, log),
    rules,
    maxNodes: config.maxNodes,
    reconcileMs: config.reconcileMs,
    resolver,
    seal,
    scheduler,
    log,
    handover: supervision.handover.section('overlays'),
    apply,
    expect: (changes) => {
      silence.broken();
      primary.draft.add(changes);
    },
    giveWay,
    onServed: () => fleet.changed(),
  });
  const status = createStatus(config.name, sync, primary, supervision);
  status.offer(serversSection(health));
  const fleet = createFleet(store, sync, status, supervision, log);
  certificates.offer(status);
  const parts = {
    control: sync,
    changes: sync.changes,
    certificates: certificates.inventory,
    fleet,
    status,
    metrics: meter,
    workers: primary,
    stats: meter,
    servers: health.book,
    rules,
  };
  const admin = new AdminServer({ parts, resources, access: config.admin, log });
  await orExit(admin.listen(ownAdminSocket));
  meter.start(primary, sync, certificates.inventory, health.book, supervision);
  const scraped = config.metricsListen.map((address) => new MetricsServer(address, meter, log));

  supervision.obey({
    serve: () => opening.resolve(),
    listen: (address, carrier) => primary.sockets.open(address, carrier),
    unlisten: (address) => primary.sockets.shut(address),
    relisten: (from, to) => primary.sockets.rename(from, to),
    reread: () => {
      primary.reopen();
      void reread(sync, log);
      certificates.reread();
    },
    drain: (succeeded) => ending.resolve(succeeded),
    kill: () => {
      primary.kill();
      process.exit(1);
    },
  });

  const open = async (): Promise<void> => {
    await primary.start();
    // Until then those serve who know more.
    if (succeeds) await loaded.promise;
    // Clients who wait in a queue are better off than with 503: a file, or a snapshot, is read in no time.
    else
      await (config.store.kind === 'file'
        ? Promise.race([loaded.promise, elapsed(scheduler, FILE_MS)])
        : begun.promise);
    supervision.prepared();
    await opening.promise;
    // Workers of the primary before ask here as well from now on.
    renameSync(ownAdminSocket, adminSocket);
    // One that gets a table piece by piece is in the way of whoever reads it; one that has an image is not.
    await primary.serve(image === null ? Promise.race([loaded.promise, silence.fallen]) : undefined);
    await Promise.all(scraped.map((server) => server.listen()));
    supervision.serving();
    fleet.start();
    certificates.begin();
    saveCompiledCode();
  };
  // Workers begin while the snapshot is read.
  const opened = open();
  // What goes wrong with it is told below.
  opened.catch(() => undefined);
  await certificates.start();
  await sync.start();
  begun.resolve();
  await orExit(Promise.race([opened, ending.promise]));

  const succeeded = await ending.promise;
  const left = fleet.stop();
  supervision.closeListeners();
  if (succeeded) admin.retire();
  health.stop();
  certificates.stop();
  if (traces !== null) await primary.askReports();
  await primary.drain();
  await traces?.stop();
  await admin.stop();
  await Promise.all(scraped.map((server) => server.stop()));
  await left;
  await sync.stop();
  process.exit(0);
}

/** Where nothing of a table was heard for so long, no worker waits for it: longer than what is behind its last piece takes. */
const SILENCE_MS = 2000;
/** Behind the first table: what follows from it is done by then, hashes and a snapshot of 100,000 domains. */
const SETTLED_MS = 2500;
/** Longest time that clients wait for a file that was there a moment ago. */
const FILE_MS = 3000;

/** What was there before anything of the primary was loaded. */
export interface Beginning {
  /** How workers are started. */
  readonly startWorker: StartWorker;
  /** This thread beside those that serve; null: it serves itself. */
  readonly standing: StandingBack | null;
  /** How many of them are started first. */
  readonly first: number;
  readonly images: ImageFile | null;
  /** What the first workers begin with; null: nothing. */
  readonly image: FirstImage | null;
}

/**
 * From the first table on requests are answered; that moment is worth a line. `follow`: what else hears of changes, after the workers,
 * and of the first table once they have it.
 */
function announcingFirst(
  primary: Primary,
  follow: (changes: readonly TableChange[]) => void,
  log: Log,
  whenLoaded: () => void,
): SyncOptions['apply'] {
  let isAnnounced = false;
  let before = Promise.resolve();
  return async (changes, whole, revision) => {
    const announce = whole && !isAnnounced;
    isAnnounced ||= whole;
    const applied = primary.apply(changes, whole, revision);
    const followed = before.then(async () => {
      if (announce) await applied;
      follow(changes);
    });
    before = followed.catch(() => undefined);
    await Promise.all([applied, followed]);
    if (!announce) return;
    log.info({ entries: changes.length }, 'configuration loaded');
    whenLoaded();
  };
}

/** Null where there is no receiver: then its libraries are not loaded either. */
async function createTraceExport({ traceReceivers: receivers, name }: Config, log: Log): Promise<TraceExport | null> {
  if (receivers.otlp === null && receivers.zipkin === null) return null;
  const { TraceExport } = await import('../lib/traces/trace-export.ts');
  return TraceExport.create({ receivers, name, version: version(), log });
}

async function reread(sync: Sync, log: Log): Promise<void> {
  try {
    await sync.reread();
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'the store cannot be read: serving what is known');
  }
}
