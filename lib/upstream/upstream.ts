import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { Balancer, BalancerKind } from './balancer.ts';
import type { Algorithm } from './options/balance.ts';
import type { UpstreamOptions } from './options/index.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';

/**
 * A named group of servers and the choice among them: first the others, then the backups, and if all of those that may be
 * used are out because they failed, all of them again (spec 4).
 */
export class Upstream {
  readonly name: string;
  servers: readonly Server[] = [];
  options: UpstreamOptions;
  /** How requests are delivered to its servers; null: in the way of all. */
  policy: DeliveryPolicy | null = null;
  /** What requests say in Host: null, what the client said; `SERVER_HOST`, the server's own name; else this. */
  host: string | null = null;
  budget = new RetryBudget(DEFAULT_BUDGET);
  /** What has happened since it was made. */
  readonly counters = { retries: 0, hedges: 0, budgetExhausted: 0 };
  readonly #kinds: Readonly<Record<Algorithm, BalancerKind>>;
  #primary: Balancer;
  #backup: Balancer;

  constructor(name: string, kinds: Readonly<Record<Algorithm, BalancerKind>>, options: UpstreamOptions) {
    this.name = name;
    this.options = options;
    this.#kinds = kinds;
    this.#primary = this.#balancer([]);
    this.#backup = this.#primary;
  }

  /** Replaces the server list at once for new requests. */
  replace(servers: readonly Server[]): void {
    this.servers = servers;
    this.#primary = this.#balancer(servers.filter((server) => !server.spec.backup));
    this.#backup = this.#balancer(servers.filter((server) => server.spec.backup));
  }

  /** Changes the options at once for new requests; the servers are the same. */
  configure(options: UpstreamOptions): void {
    this.options = options;
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

/** A fifth of the requests, and ten a second whatever there is of them. */
const DEFAULT_BUDGET = { ratio: 0.2, minPerSecond: 10 };
