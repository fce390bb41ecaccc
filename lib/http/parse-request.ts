import { Fault } from '../core/faults.ts';
import { byteAt } from './bytes.ts';
import { CR, LF, METHOD, SP, TARGET } from './chars.ts';
import type { Head, HeadLimits } from './head.ts';
import { parseFields } from './parse-fields.ts';
import { parseVersion } from './parse-version.ts';

/**
 * The head of a request at bytes[from..to), into `head` (RFC 9112 2.1, 3, 5).
 *
 * Returns the offset of the first byte behind it; 0 where more bytes are needed; or a code of `Fault` as soon as no byte
 * that could follow makes it a request: the answer does not depend on how the bytes were cut. After 0 or a fault `head`
 * means nothing. One empty line before the request line is skipped (RFC 9112 2.2).
 *
 * A head takes at most `maxHeadBytes`, its target at most half of that, its method 32 bytes.
 */
export function parseRequestHead(head: Head, bytes: Buffer, from: number, to: number, limits: HeadLimits): number {
  if (from >= to) return 0;
  let start = from;
  if (bytes[start] === CR) {
    if (start + 1 === to) return 0;
    if (bytes[start + 1] !== LF) return Fault.BAD_LINE_END;
    start += 2;
    if (start === to) return 0;
  }
  const most = start + limits.maxHeadBytes;
  const end = to < most ? to : most;
  head.begin(bytes, start);
  head.status = 0;
  head.reasonStart = 0;
  head.reasonEnd = 0;
  let at = parseRequestLine(head, bytes, start, end, limits.maxHeadBytes >>> 1);
  if (at > 0) at = parseFields(head, bytes, at, end, Math.min(limits.maxFields, head.known.length));
  return at === 0 && end === most ? Fault.HEAD_TOO_LARGE : at;
}

/** `method SP request-target SP HTTP-version CRLF`; returns as `parseRequestHead`. */
function parseRequestLine(head: Head, bytes: Buffer, start: number, end: number, maxTarget: number): number {
  let at = start;
  let byte = byteAt(bytes, at);
  let stop = Math.min(end, start + MAX_METHOD + 1);
  while (METHOD[byte] === 1) {
    if (++at === stop) return at - start > MAX_METHOD ? Fault.METHOD_NOT_ALLOWED : 0;
    byte = byteAt(bytes, at);
  }
  if (byte !== SP || at === start) return methodFault(byte, at === start);
  head.methodEnd = at;
  if (at - start === 3 && isPreface(bytes, start)) return Fault.HTTP2_PREFACE;
  if (++at === end) return 0;
  head.targetStart = at;
  stop = Math.min(end, at + maxTarget + 1);
  byte = byteAt(bytes, at);
  while (TARGET[byte] === 1) {
    if (++at === stop) return at - head.targetStart > maxTarget ? Fault.TARGET_TOO_LONG : 0;
    byte = byteAt(bytes, at);
  }
  if (byte !== SP || at === head.targetStart) return targetFault(byte);
  head.targetEnd = at;
  at = parseVersion(head, bytes, at + 1, end);
  if (at <= 0 || at === end) return at < 0 ? at : 0;
  byte = byteAt(bytes, at);
  if (byte !== CR) return byte === LF ? Fault.BAD_LINE_END : Fault.BAD_VERSION;
  if (at + 1 === end) return 0;
  return bytes[at + 1] === LF ? at + 2 : Fault.BAD_LINE_END;
}

/** The method of HTTP/2's preface, `PRI`, which nobody else may use (RFC 9113 11.6). */
function isPreface(bytes: Buffer, start: number): boolean {
  return bytes[start] === 0x50 && bytes[start + 1] === 0x52 && bytes[start + 2] === 0x49;
}

function methodFault(byte: number, first: boolean): number {
  return first && byte === TLS_HANDSHAKE ? Fault.TLS_TO_PLAIN_PORT : Fault.BAD_METHOD;
}

/** The line ends behind the target: HTTP/0.9, a request without a version. */
function targetFault(byte: number): number {
  return byte === CR || byte === LF ? Fault.BAD_VERSION : Fault.BAD_TARGET;
}

/** The longest registered method has 17 bytes. */
const MAX_METHOD = 32;
/** First byte of a TLS record that begins a connection (RFC 8446 5.1). */
const TLS_HANDSHAKE = 0x16;
