import { createHash, timingSafeEqual } from 'node:crypto';
import { CidrList } from '../lib/core/cidr.ts';
import type { NamedToken } from '../lib/core/option-kinds.ts';

/** What came of a check. */
export interface Admission {
  /** Status that refuses the call, or 0. */
  readonly refusal: 0 | 401 | 403;
  /** Name of the token that was shown; null: none was. */
  readonly token: string | null;
}

export interface AccessOptions {
  /** Networks that may call. */
  readonly allow: readonly string[];
  /** Networks that may also ask whether this instance is healthy, and need no token for it. */
  readonly probes: readonly string[];
  /** Of these a caller must also know one; none: nothing. */
  readonly tokens: readonly NamedToken[];
}

/** Decides who may use the admin API: by the address of the TCP peer and, where there is a token, by the token too. */
export class Access {
  readonly #networks: CidrList;
  readonly #probes: CidrList;
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer }[];

  constructor(options: AccessOptions) {
    this.#networks = new CidrList(options.allow);
    this.#probes = new CidrList(options.probes);
    this.#tokens = options.tokens.map(({ name, token }) => ({ name, digest: digest(token) }));
  }

  /** Whether a load balancer at this address may ask for the health. */
  mayProbe(peer: string): boolean {
    return this.#probes.has(addressOf(peer));
  }

  /**
   * `peer`: an IP address, or `unix` for the client of a Unix socket, which counts as 127.0.0.1. */
  check(peer: string, authorization: string | undefined): Admission {
    if (!this.#networks.has(addressOf(peer))) return { refusal: 403, token: null };
    if (this.#tokens.length === 0) return { refusal: 0, token: null };
    const given = digest(tokenOf(authorization ?? '') ?? '');
    // All are compared: how long it takes tells nothing.
    const [known] = this.#tokens.filter(({ digest: expected }) => timingSafeEqual(given, expected));
    return known === undefined ? { refusal: 401, token: null } : { refusal: 0, token: known.name };
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
