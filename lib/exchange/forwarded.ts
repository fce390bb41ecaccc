import type { CidrList } from '../core/cidr.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import type { Head } from '../http/head.ts';
import { identityLines } from './identity-lines.ts';

/** Field lines about a client that is not believed, each ended by CRLF: what it says about itself is replaced. */
export function forwardedLines(address: string, tls: TlsFacts | null): string {
  const proto = tls === null ? 'http' : 'https';
  const lines = `X-Real-IP: ${address}\r\nX-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}\r\nREMOTE-HOST: ${address}\r\n`;
  return lines + identityLines(tls);
}

/** What a trusted proxy says about its client. */
export interface TrustedClaims {
  /** The last address of X-Forwarded-For that is not itself a trusted proxy, else the peer. */
  readonly clientAddress: string;
  /** Whether the client came to it by TLS; where it says nothing, whether it came so itself. */
  readonly isSecure: boolean;
  readonly lines: string;
}

/**
 * Field lines for a request from a trusted proxy: its list is continued, its protocol and host are kept. X-Forwarded-Host
 * is the caller's if the proxy did not say one.
 */
export function trustedLines(head: Head, peer: string, trusted: CidrList, tls: TlsFacts | null): TrustedClaims {
  const list = head.get('x-forwarded-for');
  const proto = head.get('x-forwarded-proto') ?? (tls === null ? 'http' : 'https');
  const host = head.get('x-forwarded-host');
  const clientAddress = lastUntrusted(list, trusted) ?? peer;
  const lines =
    `X-Real-IP: ${clientAddress}\r\nX-Forwarded-For: ${list === null ? peer : `${list}, ${peer}`}\r\n` +
    `X-Forwarded-Proto: ${proto}\r\nREMOTE-HOST: ${clientAddress}\r\n` +
    (host === null ? '' : `X-Forwarded-Host: ${host}\r\n`) +
    identityLines(tls);
  return { clientAddress, isSecure: proto.toLowerCase() === 'https', lines };
}

function lastUntrusted(list: string | null, trusted: CidrList): string | null {
  if (list === null) return null;
  const addresses = list.split(',').map((address) => address.trim());
  for (const address of addresses.toReversed()) if (address !== '' && !trusted.has(address)) return address;
  return addresses[0] ?? null;
}
