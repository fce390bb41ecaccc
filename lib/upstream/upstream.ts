import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { Balancer, BalancerKind } from './balancer.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';

/**
 * A named group of servers and the choice among them: first the others, then the backups, and if all of those that may be
 * used are out because they failed, all of them again (spec 4).
 */
export class Upstream {
  readonly name: string;
  servers: readonly Server[] = [];
  /** How requests are delivered to its servers; null: in the way of all. */
  policy: DeliveryPolicy | null = null;
  /** What requests say in Host: null, what the client said; `SERVER_HOST`, the server's own name; else this. */
  host: string | null = null;
  budget = new RetryBudget(DEFAULT_BUDGET);
  /** What has happened since it was made. */
  readonly counters = { retries: 0, hedges: 0, budgetExhausted: 0 };
  readonly #kind: BalancerKind;
  #primary: Balancer;
  #backup: Balancer;

  constructor(name: string, kind: BalancerKind) {
    this.name = name;
    this.#kind = kind;
    this.#primary = kind.make([]);
    this.#backup = this.#primary;
  }

  /** Replaces the server list at once for new requests. */
  replace(servers: readonly Server[]): void {
    this.servers = servers;
    this.#primary = this.#kind.make(servers.filter((server) => !server.spec.backup));
    this.#backup = this.#kind.make(servers.filter((server) => server.spec.backup));
  }

  /** A server for the next try; null if no server is usable that was not tried yet. */
  pick(tried: readonly Server[]): Server | null {
    const server = this.#primary.pick(tried) ?? this.#backup.pick(tried);
    if (server !== null || tried.length > 0) return server;
    // With a failure behind it a request may go on to the next server, but only a new request forgives.
    if (!this.#forgive()) return null;
    return this.#primary.pick(tried) ?? this.#backup.pick(tried);
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
