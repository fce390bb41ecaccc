import { createHash, timingSafeEqual } from 'node:crypto';
import { CidrList } from '../lib/core/cidr.ts';

export interface AccessOptions {
  /** Networks that may call. */
  readonly allow: readonly string[];
  /** Networks that may also ask whether this instance is healthy, and need no token for it. */
  readonly probes: readonly string[];
  /** What a caller must also know; null: nothing. */
  readonly token: string | null;
}

/** Decides who may use the admin API: by the address of the TCP peer and, where there is a token, by the token too. */
export class Access {
  readonly #networks: CidrList;
  readonly #probes: CidrList;
  readonly #token: Buffer | null;

  constructor(options: AccessOptions) {
    this.#networks = new CidrList(options.allow);
    this.#probes = new CidrList(options.probes);
    this.#token = options.token === null ? null : digest(options.token);
  }

  /** Whether a load balancer at this address may ask for the health. */
  mayProbe(peer: string): boolean {
    return this.#probes.has(addressOf(peer));
  }

  /**
   * `peer`: an IP address, or `unix` for the client of a Unix socket, which counts as 127.0.0.1. Returns the status that
   * refuses the call, or 0.
   */
  check(peer: string, authorization: string | undefined): 0 | 401 | 403 {
    if (!this.#networks.has(addressOf(peer))) return 403;
    if (this.#token === null) return 0;
    const given = tokenOf(authorization ?? '');
    return given !== null && timingSafeEqual(digest(given), this.#token) ? 0 : 401;
  }
}

function addressOf(peer: string): string {
  return peer === 'unix' ? '127.0.0.1' : peer;
}

/** For `WWW-Authenticate` (RFC 9110 11.6.1). */
export const CHALLENGES: readonly string[] = ['Bearer realm="elb"', 'Basic realm="elb", charset="UTF-8"'];

/** The token of a bearer (RFC 6750 2.1), or the password of a basic authorization (RFC 7617). */
function tokenOf(authorization: string): string | null {
  const [, scheme, credentials] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) return null;
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return credentials;
    case 'basic': {
      const pair = Buffer.from(credentials, 'base64').toString('utf8');
      const colon = pair.indexOf(':');
      return colon === -1 ? null : pair.slice(colon + 1);
    }
    default:
      return null;
  }
}

/** Of equal length for every token, so that comparing tells nothing about the length either. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
