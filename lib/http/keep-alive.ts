import { FOREVER } from '../core/wheel.ts';
import { byteAt, isText } from './bytes.ts';
import { NINE, ZERO } from './chars.ts';
import { Known, type Head } from './head.ts';

/**
 * How long the sender of a head keeps its connection while nothing is asked on it: the `timeout` of Keep-Alive (RFC 2068
 * 19.7.1.1), in milliseconds; `FOREVER` where it says nothing, or nothing that can be read.
 */
export function keepAliveMs(head: Head): number {
  const field = head.find(Known.KEEP_ALIVE);
  if (field === -1) return FOREVER;
  const { bytes } = head;
  const end = head.valueEnd(field);
  const last = end - NAME.length;
  for (let at = head.valueStart(field); at < last; at++) {
    if (!isText(bytes, at, at + NAME.length, NAME)) continue;
    at += NAME.length;
    if (bytes[at] === QUOTE) at++;
    const seconds = digitsAt(bytes, at, end);
    return seconds === -1 ? FOREVER : Math.min(seconds * 1000, FOREVER);
  }
  return FOREVER;
}

const NAME = 'timeout=';
const QUOTE = 0x22;

/** The decimal number that begins at `at`, -1 for none. */
function digitsAt(bytes: Buffer, from: number, to: number): number {
  let number = -1;
  for (let at = from; at < to; at++) {
    const byte = byteAt(bytes, at);
    if (byte < ZERO || byte > NINE) break;
    number = Math.min(Math.max(number, 0) * 10 + byte - ZERO, FOREVER);
  }
  return number;
}
