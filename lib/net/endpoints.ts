/** Both ends of a connection, as we see it: IP addresses, IPv4 in its own form. */
export interface Endpoints {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** An address without the IPv6 dress of an IPv4 address (RFC 4291 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}

const MAPPED = '::ffff:';
