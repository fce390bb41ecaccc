import { Acme } from '../lib/acme/acme.ts';
import { CertificateFolder } from '../lib/certs/certificate-folder.ts';
import { Inventory } from '../lib/certs/inventory.ts';
import { TicketRotation } from '../lib/certs/ticket-rotation.ts';
import type { TableChange } from '../lib/change.ts';
import type { Primary } from '../lib/cluster/primary.ts';
import type { Config } from '../lib/core/config.ts';
import type { Log } from '../lib/core/log.ts';
import { systemScheduler as scheduler } from '../lib/core/scheduler.ts';
import type { Seal } from '../lib/core/seal.ts';
import type { StatusBoard } from '../lib/core/status-board.ts';
import type { Store } from '../lib/store/store.ts';
import type { Sync } from '../lib/sync.ts';
import type { Fleet } from '../lib/sync/fleet.ts';

export interface CertificateParts {
  readonly config: Config;
  readonly log: Log;
  readonly seal: Seal;
  readonly store: Store;
  readonly primary: Primary;
  /** Asked for once everything is put together. */
  readonly sync: () => Sync;
  readonly fleet: () => Fleet;
}

/** What the primary does for TLS, put together: certificates from everywhere, keys of session tickets, orders. */
export class Certificates {
  readonly inventory: Inventory;
  readonly #folder: CertificateFolder | null;
  readonly #tickets: TicketRotation;
  #acme: Acme | null = null;
  readonly #parts: CertificateParts;

  constructor(parts: CertificateParts) {
    const { config, log, seal, store, primary } = parts;
    const random = Math.random;
    this.#parts = parts;
    this.inventory = new Inventory({ scheduler, log, seal, documents: () => parts.sync().certificates() });
    const apply = (changes: readonly TableChange[]): Promise<void> => {
      this.follow(changes);
      return primary.add(changes);
    };
    const { certs: path } = config;
    this.#folder = path === null ? null : new CertificateFolder({ path, log, now: () => scheduler.now(), apply });
    this.#tickets = new TicketRotation({ store, seal, scheduler, random, log, periodMs: TICKET_PERIOD_MS, apply });
  }

  /** Follows the table. */
  follow(changes: readonly TableChange[]): void {
    this.inventory.follow(changes);
    this.#acme?.follow(changes);
  }

  /** What there is to say of it. */
  offer(board: StatusBoard): void {
    board.offer(this.inventory.section());
    const { config, fleet, sync, ...parts } = this.#parts;
    if (config.acme === null) return;
    this.#acme = new Acme({
      ...parts,
      setup: config.acme,
      id: fleet().id,
      scheduler,
      random: Math.random,
      changes: sync().changes,
      everywhere: (revision) => fleet().until(revision, EVERYWHERE_MS),
    });
    board.offer(this.#acme.section());
  }

  /** Reads what has to be there before the first handshake. */
  async start(): Promise<void> {
    this.inventory.start();
    await this.#folder?.start();
  }

  /** The store is followed. */
  begin(): void {
    // Nobody resumes a session where nobody speaks TLS.
    if (this.#parts.config.listen.some(({ options }) => options?.tls === true)) void this.#tickets.start();
    this.#acme?.start();
  }

  reread(): void {
    void this.#folder?.read();
  }

  stop(): void {
    this.inventory.stop();
    this.#folder?.stop();
    this.#tickets.stop();
    this.#acme?.stop();
  }
}

const TICKET_PERIOD_MS = 12 * 60 * 60 * 1000;
const EVERYWHERE_MS = 5000;
