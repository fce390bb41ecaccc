import { hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../api/index.ts';
import { DirectApi } from '../ctl/direct-api.ts';
import { EXIT } from '../ctl/exit-codes.ts';
import { Failure } from '../ctl/failure.ts';
import { Inventory } from '../lib/certs/inventory.ts';
import { readConfig } from '../lib/core/config.ts';
import type { Config } from '../lib/core/config.ts';
import { createLog } from '../lib/core/log.ts';
import type { EtcdEndpoints } from '../lib/core/option-kinds.ts';
import { systemScheduler } from '../lib/core/scheduler.ts';
import { Seal } from '../lib/core/seal.ts';
import { StatusBoard } from '../lib/core/status-board.ts';
import { StoreError } from '../lib/store/store.ts';
import { Sync } from '../lib/sync.ts';
import { Fleet } from '../lib/sync/fleet.ts';
import { syncSections } from '../lib/sync/status.ts';
import { Resolver } from '../lib/upstream/resolve.ts';
import { rules } from '../rules/index.ts';
import { createHistory, createStore } from './store.ts';
import { version } from './version.ts';

export interface DirectOptions {
  readonly etcd: EtcdEndpoints;
  /** Null: as the environment says. */
  readonly name: string | null;
}

/**
 * The store with the control plane of an instance before it, and no data plane behind that: the same checks, the same transactions and
 * the same history as if an instance had been asked. Throws Failure.
 */
export async function openStore({ etcd, name }: DirectOptions): Promise<DirectApi> {
  const config = configOf(etcd, name);
  const log = createLog('silent');
  const scheduler = systemScheduler;
  const store = await createStore(config);
  const served = Promise.withResolvers<void>();
  const seal = new Seal(config.secrets);
  const sync = new Sync({
    store,
    history: createHistory(config, store, log),
    rules,
    maxNodes: config.maxNodes,
    // Nobody is sent anywhere: names are left as they stand.
    resolver: new Resolver({ lookup: async () => ({ addresses: [], ttlMs: null }), scheduler }),
    scheduler,
    log,
    apply: async (changes) => inventory.follow(changes),
    seal,
    onServed: () => served.resolve(),
  });
  const inventory = new Inventory({ scheduler, log, seal, documents: () => sync.certificates() });
  try {
    await sync.start();
    await sync.reread();
  } catch (error) {
    await sync.stop();
    if (!(error instanceof StoreError)) throw error;
    throw new Failure(EXIT.unreachable, error.message, {
      next: 'is etcd there? --etcd names its members; ETCD_USERNAME, ETCD_PASSWORD, ETCD_CA, ETCD_CERT and ETCD_KEY say how to reach it',
    });
  }
  await served.promise;
  for (const end = Date.now() + WATCH_MS; !sync.status.connected && Date.now() < end;) await pause(LOOK_MS);
  const status = new StatusBoard();
  status.offer({
    name: 'instance',
    read: () => ({ name: config.name, version: version(), ready: true, reason: null }),
  });
  for (const section of syncSections(sync, () => scheduler.now())) status.offer(section);
  const fleet = new Fleet({
    id: '',
    about: { version: version(), host: hostname(), pid: process.pid, started_at: '' },
    store,
    scheduler,
    log,
    state: () => sync.serving && { ...sync.serving, rejected: 0, overlays: 0, ready: true, reason: null },
    served: (revision, ms) => sync.served(revision, ms),
  });
  // It is not started, and none of the instances: they are measured by what it knows.
  const members = async () => (await fleet.members()).filter((member) => !member.self);
  return new DirectApi({
    label: store.label,
    parts: {
      control: sync,
      changes: sync.changes,
      fleet: { members, until: (revision, ms) => fleet.until(revision, ms) },
      status,
      certificates: inventory,
    },
    resources: resources.filter((resource) => STORE_RESOURCES.has(resource.name)),
    by: { address: `elbctl ${userName()}@${hostname()}`, token: null },
    close: () => sync.stop(),
  });
}

/** Longest time until the store is followed; what was read is known before that. */
const WATCH_MS = 1000;
const LOOK_MS = 5;

/** Resources that need nothing but the store. */
const STORE_RESOURCES: ReadonlySet<string> = new Set([
  'domain',
  'graph',
  'upstream',
  'option',
  'cert',
  'tls',
  'document',
  'history',
  'rollback',
  'status',
  'fleet',
  'wait',
]);

/** As `elb` itself would reach the store. */
function configOf({ hosts, scheme }: EtcdEndpoints, name: string | null): Config {
  const members = hosts.map((host) => (scheme === null ? host : `${scheme}://${host}`)).join(',');
  const args = ['--etcd', members, ...(name === null ? [] : ['--name', name])];
  // Where a file store is configured, this is about etcd all the same.
  const result = readConfig(args, { ...process.env, ELB_FILE: '' });
  if (result.kind === 'run') return result.config;
  const problems = result.kind === 'refused' ? result.problems : [];
  throw new Failure(EXIT.usage, `the environment cannot be used: ${problems.join('; ')}`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user id has no name here.
    return String(process.getuid?.() ?? 'somebody');
  }
}
