import type { Server } from '../upstream/server.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The servers that one request was given to, in turn, and which one is next. */
export class Tries {
  upstream: Upstream | null = null;
  /** Time spent on the servers that are done with, in milliseconds. */
  costMs = 0;
  readonly #tried: Server[] = [];

  get count(): number {
    return this.#tried.length;
  }

  /** The server for the next try, counted as tried from now on; null if there is none, or no try is left. */
  next(): Server | null {
    if (this.#tried.length >= MAX_TRIES) return null;
    const server = this.upstream?.pick(this.#tried) ?? null;
    if (server !== null) this.#tried.push(server);
    return server;
  }

  reset(): void {
    this.upstream = null;
    this.costMs = 0;
    this.#tried.length = 0;
  }
}

/** Servers that one request may be given to, in all (spec 4). */
const MAX_TRIES = 3;
