import type { Balancer, BalancerKind } from './balancer.ts';
import type { Algorithm } from './options/balance.ts';
import type { UpstreamOptions } from './options/index.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';
import type { UpstreamSetup } from './setup.ts';

/**
 * A named group of servers and the choice among them: first the others, then the backups, and if all of those that may be
 * used are out because they failed, all of them again (spec 4).
 */
export class Upstream {
  readonly name: string;
  servers: readonly Server[] = [];
  options: UpstreamOptions;
  /** How requests and connections are made; null: as they are without options. */
  setup: UpstreamSetup | null;
  readonly budget: RetryBudget;
  /** What has happened since it was made. */
  readonly counters = { retries: 0, hedges: 0, budgetExhausted: 0 };
  readonly #kinds: Readonly<Record<Algorithm, BalancerKind>>;
  #primary: Balancer;
  #backup: Balancer;

  constructor(
    name: string,
    kinds: Readonly<Record<Algorithm, BalancerKind>>,
    options: UpstreamOptions,
    setup: UpstreamSetup | null = null,
  ) {
    this.name = name;
    this.options = options;
    this.setup = setup;
    this.budget = new RetryBudget(options.retry.budget);
    this.#kinds = kinds;
    this.#primary = this.#balancer([]);
    this.#backup = this.#primary;
  }

  /** Replaces the server list at once for new requests. */
  replace(servers: readonly Server[]): void {
    this.servers = servers;
    for (const server of servers) this.#equip(server);
    this.#primary = this.#balancer(servers.filter((server) => !server.spec.backup));
    this.#backup = this.#balancer(servers.filter((server) => server.spec.backup));
  }

  /** Changes the options at once for new requests; the servers are the same. */
  configure(options: UpstreamOptions, setup: UpstreamSetup): void {
    this.options = options;
    this.setup = setup;
    this.budget.options = options.retry.budget;
    this.replace(this.servers);
  }

  /** A server for the next try; null if no server is usable that was not tried yet. */
  pick(tried: readonly Server[]): Server | null {
    const server = this.#primary.pick(tried) ?? this.#backup.pick(tried);
    if (server !== null || tried.length > 0) return server;
    // With a failure behind it a request may go on to the next server, but only a new request forgives.
    if (!this.#forgive()) return null;
    return this.#primary.pick(tried) ?? this.#backup.pick(tried);
  }

  #equip(server: Server): void {
    const { setup } = this;
    if (setup !== null) server.configure(server.target.secure ? setup.secure : setup.plain, setup.bounds);
  }

  #balancer(servers: readonly Server[]): Balancer {
    return this.#kinds[this.options.balance.algorithm].make(servers);
  }

  /** Clears the failures of all servers; false if none had any. */
  #forgive(): boolean {
    let forgiven = false;
    for (const server of this.servers) {
      if (server.spec.down || server.available) continue;
      server.forgive();
      forgiven = true;
    }
    return forgiven;
  }
}
