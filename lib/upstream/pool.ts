import type { ServerConnection } from './server-connection.ts';

/**
 * The idle connections to one server, linked through themselves, the most recently used one first: those that are not
 * needed grow old and end.
 */
export class Pool {
  #newest: ServerConnection | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Takes out the most recently used connection if it has not been idle since before `since` (wheel time). */
  take(since: number): ServerConnection | null {
    const newest = this.#newest;
    if (newest === null || newest.idleSince < since) return null;
    this.#unlink(newest);
    return newest;
  }

  /** Takes a connection that is idle from now on; false if there is no room for it. */
  put(connection: ServerConnection): boolean {
    if (this.#size >= MAX_IDLE) return false;
    connection.newer = null;
    connection.older = this.#newest;
    if (this.#newest !== null) this.#newest.newer = connection;
    this.#newest = connection;
    this.#size++;
    return true;
  }

  /** Takes a connection out if it is here. */
  remove(connection: ServerConnection): void {
    if (connection === this.#newest || connection.newer !== null) this.#unlink(connection);
  }

  /** Ends every connection. */
  clear(): void {
    while (this.#newest !== null) {
      const connection = this.#newest;
      this.#unlink(connection);
      connection.connection.destroy();
    }
  }

  #unlink(connection: ServerConnection): void {
    if (connection.newer !== null) connection.newer.older = connection.older;
    else this.#newest = connection.older;
    if (connection.older !== null) connection.older.newer = connection.newer;
    connection.newer = null;
    connection.older = null;
    this.#size--;
  }
}

/** Most idle connections kept per server and worker. */
const MAX_IDLE = 512;
