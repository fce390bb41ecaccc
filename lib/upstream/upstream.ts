import type { Balancer, BalancerKind } from './balancer.ts';
import type { Server } from './server.ts';

/**
 * A named group of servers and the choice among them: first the others, then the backups, and if all of those that may be
 * used are out because they failed, all of them again (spec 4).
 */
export class Upstream {
  readonly name: string;
  servers: readonly Server[] = [];
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
