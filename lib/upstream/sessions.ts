import { createHmac } from 'node:crypto';
import type { StickyOptions } from './options/sticky.ts';
import { serverKey } from './server-spec.ts';
import type { Server } from './server.ts';

/**
 * The session cookies of an upstream. A server's cookie is the same for all clients: the beginning of an HMAC of the server's
 * address, so nobody can make one who does not know the secret, every worker and instance knows it without being told, and
 * nothing is computed per request.
 */
export class Sessions {
  readonly options: StickyOptions;
  readonly #servers = new Map<string, Server>();
  readonly #values = new Map<Server, string>();

  /** `before`: the sessions until now, of the same upstream. */
  constructor(upstream: string, options: StickyOptions, servers: readonly Server[], before: Sessions | null) {
    this.options = options;
    const known = before?.options.secret === options.secret ? before.#values : null;
    for (const server of servers) {
      const value = known?.get(server) ?? valueOf(upstream, options.secret, server);
      this.#servers.set(value, server);
      this.#values.set(server, value);
    }
  }

  /** The server that a client has been at; null if there is none of that cookie. */
  find(cookie: string): Server | null {
    return this.#servers.get(cookie) ?? null;
  }

  /** The field of a reply that begins a session with a server. */
  lineFor(server: Server): string {
    const value = this.#values.get(server);
    return value === undefined ? '' : `Set-Cookie: ${this.options.cookie}=${value}${this.options.attributes}\r\n`;
  }
}

function valueOf(upstream: string, secret: string, server: Server): string {
  const signed = createHmac('sha256', secret).update(`${upstream}\0${serverKey(server.spec)}`);
  return signed.digest('base64url').slice(0, VALUE_CHARS);
}

/** 132 bits. */
const VALUE_CHARS = 22;
