import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoints } from './endpoints.ts';

export type ProxyVersion = 1 | 2;

/**
 * What a connection to a server begins with so that the server knows whose it is, as text whose characters are bytes (HAProxy,
 * "The PROXY protocol", versions 1 and 2, section 2). Null, or ends of two families, are a client whose address says nothing.
 */
export function proxyHeader(version: ProxyVersion, ends: Endpoints | null): string {
  const family = ends === null ? 0 : familyOf(ends);
  if (ends === null || family === 0) return version === 1 ? 'PROXY UNKNOWN\r\n' : `${SIGNATURE}\x20\0\0\0`;
  const { address, port, localAddress, localPort } = ends;
  if (version === 1) return `PROXY TCP${family} ${address} ${localAddress} ${port} ${localPort}\r\n`;
  const body = packed(address) + packed(localAddress) + uint16(port) + uint16(localPort);
  // Version 2, command PROXY; the family, and a stream.
  return `${SIGNATURE}\x21${family === 4 ? '\x11' : '\x21'}${uint16(body.length)}${body}`;
}

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

function familyOf({ address, localAddress }: Endpoints): 0 | 4 | 6 {
  if (isIPv4(address) && isIPv4(localAddress)) return 4;
  return isIPv6(address) && isIPv6(localAddress) ? 6 : 0;
}

/** An address in network order. */
function packed(address: string): string {
  if (isIPv4(address)) return String.fromCharCode(...address.split('.').map(Number));
  const bare = address.split('%', 1)[0] ?? '';
  const [left = '', right] = bare.split('::');
  const head = words(left);
  const tail = right === undefined ? [] : words(right);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...zeros, ...tail].map(uint16).join('');
}

/** The 16-bit words of a part of an IPv6 address, whose last two may be written as IPv4 (RFC 4291 2.2). */
function words(part: string): number[] {
  return part
    .split(':')
    .filter((word) => word !== '')
    .flatMap((word) => {
      if (!word.includes('.')) return [Number.parseInt(word, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number);
      return [a * 256 + b, c * 256 + d];
    });
}

function uint16(number: number): string {
  return String.fromCharCode(number >> 8, number & 255);
}
