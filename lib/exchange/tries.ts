import type { Server } from '../upstream/server.ts';
import type { ServerConnection, ServerConnectionUser } from '../upstream/server-connection.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The servers that one request was given to, in turn, and the connection to the present one. */
export class Tries {
  upstream: Upstream | null = null;
  server: Server | null = null;
  connection: ServerConnection | null = null;
  /** The present connection had carried an exchange before. */
  reused = false;
  /** Time spent on servers, all tries, in milliseconds. */
  costMs = 0;
  readonly #tried: Server[] = [];
  #since = 0;

  get count(): number {
    return this.#tried.length;
  }

  /** Goes on to the next server; false if there is none, and then the present one stays. */
  next(): boolean {
    if (this.#tried.length >= MAX_TRIES) return false;
    const server = this.upstream?.pick(this.#tried) ?? null;
    if (server === null) return false;
    this.leave();
    this.#tried.push(server);
    server.chosen();
    this.server = server;
    this.#since = performance.now();
    return true;
  }

  /**
   * A connection to the present server, idle ones first if they were used within `freshMs`. It may still be dialling.
   */
  connect(user: ServerConnectionUser, freshMs: number): ServerConnection | null {
    const connection = this.server?.connect(freshMs) ?? null;
    this.connection = connection;
    this.reused = connection !== null && connection.uses > 0;
    connection?.lend(user);
    return connection;
  }

  /** Ends the connection in the middle of an exchange. */
  abandon(): void {
    this.connection?.abandon();
    this.connection = null;
  }

  /** Gives the connection back whole. */
  release(): void {
    this.connection?.release();
    this.connection = null;
  }

  /** Gives the connection away together with its server, which stays in use until its new holder is done with it. */
  handOver(): ServerConnection | null {
    const { connection } = this;
    if (this.server !== null) this.costMs += performance.now() - this.#since;
    this.connection = null;
    this.server = null;
    return connection;
  }

  /** The present server is done with, well or not. */
  leave(): void {
    if (this.server === null) return;
    this.costMs += performance.now() - this.#since;
    this.server.done();
    this.server = null;
  }

  reset(): void {
    this.leave();
    this.upstream = null;
    this.connection = null;
    this.costMs = 0;
    this.#tried.length = 0;
  }
}

/** Servers that one request may be given to, in all (spec 4). */
const MAX_TRIES = 3;
