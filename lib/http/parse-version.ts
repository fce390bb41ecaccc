import { Fault } from '../core/faults.ts';
import { byteAt } from './bytes.ts';
import { DOT, NINE, ZERO } from './chars.ts';
import type { Head } from './head.ts';

/**
 * `HTTP/1.0` or `HTTP/1.1` (RFC 9112 2.3) at bytes[at], into `head.minor`. Returns the offset behind it, 0 where bytes are
 * missing, or a fault. Another version in the right form is a fault of its own; no version at all, as in HTTP/0.9, is a
 * malformed one.
 */
export function parseVersion(head: Head, bytes: Buffer, at: number, end: number): number {
  const have = end - at;
  for (let i = 0; i < NAME.length; i++) {
    if (i >= have) return 0;
    if (bytes[at + i] !== NAME[i]) return Fault.BAD_VERSION;
  }
  if (have < MAJOR + 1) return 0;
  const major = byteAt(bytes, at + MAJOR);
  if (!isDigit(major)) return Fault.BAD_VERSION;
  if (have < POINT + 1) return 0;
  if (bytes[at + POINT] !== DOT) return Fault.BAD_VERSION;
  if (have < MINOR + 1) return 0;
  const minor = byteAt(bytes, at + MINOR);
  if (!isDigit(minor)) return Fault.BAD_VERSION;
  if (major !== ZERO + 1 || minor > ZERO + 1) return Fault.UNSUPPORTED_VERSION;
  head.minor = minor - ZERO;
  return at + MINOR + 1;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** "HTTP/" and where its parts are. */
const NAME = Uint8Array.of(0x48, 0x54, 0x54, 0x50, 0x2f);
const MAJOR = 5;
const POINT = 6;
const MINOR = 7;
