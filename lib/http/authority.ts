import { byteAt, isText } from './bytes.ts';
import { CLOSE_BRACKET, COLON, DOT, hexOf, HOST, NINE, OPEN_BRACKET, ZERO } from './chars.ts';

/** A host with an optional port, in the form that names are looked up by. */
export interface Authority {
  /** In lower case, without port and trailing dot; an IPv6 address in its brackets. */
  host: string;
  /** Empty where it is absent or the default. */
  port: string;
}

/**
 * `uri-host [ ":" port ]` (RFC 9110 4.2, RFC 3986 3.2.2) at bytes[from..to), into `out`; false if it is none.
 *
 * Narrower than the ABNF where hosts are confused: a name has letters, digits, hyphens, dots and underscores only, no empty
 * label, at most 255 bytes; a port is 1 to 65535 without leading zeros, or empty; no userinfo, no zone, no IPvFuture.
 */
export function readAuthority(out: Authority, bytes: Buffer, from: number, to: number, defaultPort: string): boolean {
  const hostEnd = bytes[from] === OPEN_BRACKET && from < to ? addressEnd(bytes, from, to) : nameEnd(bytes, from, to);
  if (hostEnd === -1) return false;
  out.port = '';
  if (hostEnd < to) {
    if (bytes[hostEnd] !== COLON || !isPort(bytes, hostEnd + 1, to)) return false;
    const port = bytes.latin1Slice(hostEnd + 1, to);
    if (port !== defaultPort) out.port = port;
  }
  const bareEnd = bytes[hostEnd - 1] === DOT ? hostEnd - 1 : hostEnd;
  // Many requests are for the host of the one before, and comparing is cheaper than making a string (60 ns of 300).
  if (!isText(bytes, from, bareEnd, out.host)) out.host = bytes.latin1Slice(from, bareEnd).toLowerCase();
  return true;
}

/** End of the registered name or IPv4 address at bytes[from], or -1. */
function nameEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  let before = DOT;
  while (at < to) {
    const byte = byteAt(bytes, at);
    if (HOST[byte] !== 1) break;
    if (byte === DOT && before === DOT) return -1;
    before = byte;
    at++;
  }
  return at === from || at - from > MAX_NAME ? -1 : at;
}

const MAX_NAME = 255;

/** End of the bracketed IPv6 address at bytes[from], or -1. */
function addressEnd(bytes: Buffer, from: number, to: number): number {
  let at = from + 1;
  while (at < to && bytes[at] !== CLOSE_BRACKET) at++;
  return at < to && isIpv6(bytes, from + 1, at) ? at + 1 : -1;
}

/** `port` with a bound; no digit at all stands for the default (RFC 3986 3.2.3). */
function isPort(bytes: Buffer, from: number, to: number): boolean {
  if (to === from) return true;
  if (to - from > 5 || bytes[from] === ZERO) return false;
  let port = 0;
  for (let at = from; at < to; at++) {
    const digit = byteAt(bytes, at);
    if (digit < ZERO || digit > NINE) return false;
    port = port * 10 + digit - ZERO;
  }
  return port <= 65535;
}

/** `IPv6address` of RFC 3986 3.2.2: eight groups, or fewer with one `::`, the last two perhaps as an IPv4 address. */
function isIpv6(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  let groups = 0;
  let gap = false;
  while (at < to) {
    if (bytes[at] === COLON) {
      if (gap || at + 1 >= to || bytes[at + 1] !== COLON) return false;
      gap = true;
      at += 2;
      continue;
    }
    const start = at;
    while (at < to && hexOf(byteAt(bytes, at)) < 16) at++;
    if (at < to && bytes[at] === DOT) return isIpv4(bytes, start, to) && (gap ? groups <= 5 : groups === 6);
    if (at === start || at - start > 4) return false;
    groups++;
    if (at === to) break;
    // A colon ends the group; it may be the first of two, but not the last byte.
    if (bytes[at] !== COLON || at + 1 === to) return false;
    if (bytes[at + 1] !== COLON) at++;
  }
  return gap ? groups <= 7 : groups === 8;
}

/** `IPv4address`: four decimal octets without leading zeros. */
function isIpv4(bytes: Buffer, from: number, to: number): boolean {
  let octets = 0;
  let at = from;
  for (;;) {
    const start = at;
    let octet = 0;
    while (at < to && at - start < 3) {
      const digit = byteAt(bytes, at);
      if (digit < ZERO || digit > NINE) break;
      octet = octet * 10 + digit - ZERO;
      at++;
    }
    if (at === start || octet > 255 || (at - start > 1 && bytes[start] === ZERO)) return false;
    octets++;
    if (at === to) return octets === 4;
    if (bytes[at] !== DOT || octets === 4) return false;
    at++;
  }
}
