import { Fault } from '../core/faults.ts';
import { byteAt } from './bytes.ts';
import { CR, LF, NINE, SP, VALUE, ZERO } from './chars.ts';
import type { Head, HeadLimits } from './head.ts';
import { parseFields } from './parse-fields.ts';
import { parseVersion } from './parse-version.ts';

/**
 * The head of a reply at bytes[from..to), into `head` (RFC 9112 4, 5): as `parseRequestHead`, with two faults only, BAD_REPLY
 * and REPLY_HEAD_TOO_LARGE. No empty line comes before it: there it would be a byte too many of the reply before.
 */
export function parseReplyHead(head: Head, bytes: Buffer, from: number, to: number, limits: HeadLimits): number {
  if (from >= to) return 0;
  const most = from + limits.maxHeadBytes;
  const end = to < most ? to : most;
  head.begin(bytes, from);
  head.methodEnd = 0;
  head.targetStart = 0;
  head.targetEnd = 0;
  let at = parseStatusLine(head, bytes, from, end);
  if (at > 0) at = parseFields(head, bytes, at, end, Math.min(limits.maxFields, head.known.length));
  if (at > 0) return at;
  if (at === 0) return end === most ? Fault.REPLY_HEAD_TOO_LARGE : 0;
  return at === Fault.TOO_MANY_FIELDS ? Fault.REPLY_HEAD_TOO_LARGE : Fault.BAD_REPLY;
}

/**
 * `HTTP-version SP status-code SP [reason-phrase] CRLF`. The second space may be missing with the reason, as many servers
 * have it; a status is 100 to 599 (RFC 9110 15).
 */
function parseStatusLine(head: Head, bytes: Buffer, from: number, end: number): number {
  let at = parseVersion(head, bytes, from, end);
  if (at <= 0 || at === end) return at < 0 ? at : 0;
  if (bytes[at] !== SP) return Fault.BAD_REPLY;
  let status = 0;
  for (let digits = 0; digits < 3; digits++) {
    if (++at === end) return 0;
    const digit = byteAt(bytes, at);
    if (digit < ZERO || digit > NINE) return Fault.BAD_REPLY;
    status = status * 10 + digit - ZERO;
    // The first digit alone decides 0xx and 6xx to 9xx.
    if (digits === 0 && (status === 0 || status > 5)) return Fault.BAD_REPLY;
  }
  head.status = status;
  if (++at === end) return 0;
  if (bytes[at] === SP && ++at === end) return 0;
  head.reasonStart = at;
  let byte = byteAt(bytes, at);
  // A reason without its space would be a fourth digit or a longer status.
  if (byte !== CR && bytes[at - 1] !== SP) return Fault.BAD_REPLY;
  while (VALUE[byte] === 1) {
    if (++at === end) return 0;
    byte = byteAt(bytes, at);
  }
  head.reasonEnd = at;
  if (byte !== CR) return Fault.BAD_REPLY;
  if (at + 1 === end) return 0;
  return bytes[at + 1] === LF ? at + 2 : Fault.BAD_REPLY;
}
