import { FOREVER } from '../core/wheel.ts';
import type { ClientEnd } from './dialer.ts';
import type { ServerConnection } from './server-connection.ts';

/** How long, how often and how many connections to a server are kept. Times in milliseconds. */
export interface PoolBounds {
  /** Longest idleness. */
  readonly idleMs: number;
  /** Most idle connections per server and worker. */
  readonly maxIdle: number;
  /** And to all servers of its upstream together. */
  readonly maxIdleTotal: number;
  /** Longest time since it was made. */
  readonly maxAgeMs: number;
  /** Most exchanges that one carries. */
  readonly maxUses: number;
}

/** Those of an upstream without options. */
export function defaultBounds(idleMs: number): PoolBounds {
  return { idleMs, maxIdle: 512, maxIdleTotal: FOREVER, maxAgeMs: FOREVER, maxUses: FOREVER };
}

/** How many connections are idle to the servers of an upstream. */
export class IdleTotal {
  count = 0;
}

/**
 * The idle connections to one server, linked through themselves, the most recently used one first: those that are not
 * needed grow old and end.
 */
export class Pool {
  /** Counts those of other pools, too; another one only while this is empty. */
  total = new IdleTotal();
  #newest: ServerConnection | null = null;
  #oldest: ServerConnection | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Takes out the most recently used connection if it has not been idle since before `since` (wheel time); `client`: only one
   * that was made for this client will do.
   */
  take(since: number, client: ClientEnd | null): ServerConnection | null {
    let found = this.#newest;
    if (client !== null) while (found !== null && found.client !== client) found = found.older;
    if (found === null || found.idleSince < since) return null;
    this.remove(found);
    return found;
  }

  /** Takes a connection that is idle from now on. Where there are too many, the one that was not used for longest goes. */
  put(connection: ServerConnection, { maxIdle, maxIdleTotal }: PoolBounds): void {
    connection.newer = null;
    connection.older = this.#newest;
    if (this.#newest === null) this.#oldest = connection;
    else this.#newest.newer = connection;
    this.#newest = connection;
    this.#size++;
    this.total.count++;
    if (this.#size > maxIdle || this.total.count > maxIdleTotal) this.#oldest?.end();
  }

  /** Takes a connection out if it is here. */
  remove(connection: ServerConnection): void {
    if (connection.newer === null && connection !== this.#newest) return;
    if (connection.newer === null) this.#newest = connection.older;
    else connection.newer.older = connection.older;
    if (connection.older === null) this.#oldest = connection.newer;
    else connection.older.newer = connection.newer;
    connection.newer = null;
    connection.older = null;
    this.#size--;
    this.total.count--;
  }

  /** Ends every connection. */
  clear(): void {
    while (this.#newest !== null) this.#newest.end();
  }
}
