import { Fault } from '../core/faults.ts';
import { byteAt, isText } from './bytes.ts';
import { NINE, ZERO } from './chars.ts';
import { BodyKind, Known, type Head } from './head.ts';

/**
 * How a request's body ends, into `head.bodyKind` and `head.bodyLength`: 0 or a fault. In the order of RFC 9112 6.3, where
 * each step that could be read two ways is a refusal, never a choice.
 *
 * `stream`: what the request came on, where that has an end of its own (RFC 9113 8.1.1): without a length its body ends with that, and
 * what asks for another protocol has none.
 */
export function frameRequest(
  head: Head,
  maxBodyBytes: number,
  stream: { readonly ended: boolean } | null = null,
): number {
  const encoded = (head.seen & HAS_ENCODING) !== 0;
  const measured = (head.seen & HAS_LENGTH) !== 0;
  head.bodyKind = BodyKind.NONE;
  head.bodyLength = 0;
  if (!encoded && !measured) {
    if (stream !== null && !stream.ended && (head.seen & ASKS_UPGRADE) === 0) head.bodyKind = BodyKind.CLOSE;
    return 0;
  }
  if (encoded) {
    if (head.minor === 0) return Fault.ENCODING_IN_1_0;
    if (measured) return Fault.LENGTH_AND_ENCODING;
    if (!isChunked(head)) return Fault.BAD_TRANSFER_ENCODING;
    head.bodyKind = BodyKind.CHUNKED;
    return 0;
  }
  const length = contentLength(head);
  if (length < 0 || (length > 0 && stream !== null && stream.ended)) return Fault.BAD_CONTENT_LENGTH;
  if (length > maxBodyBytes) return Fault.BODY_TOO_LARGE;
  head.bodyKind = BodyKind.LENGTH;
  head.bodyLength = length;
  return 0;
}

/**
 * How a reply's body ends, as `frameRequest`. What answers HEAD, and 1xx, 204 and 304, have no body whatever their fields
 * say (6.3, 1); a reply without a length ends with its connection (6.3, 8).
 */
export function frameReply(head: Head, requestMethod: string): number {
  const { status } = head;
  head.bodyKind = BodyKind.NONE;
  head.bodyLength = 0;
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  const measured = (head.seen & HAS_LENGTH) !== 0;
  if ((head.seen & HAS_ENCODING) !== 0) {
    if (head.minor === 0 || measured || !isChunked(head)) return Fault.BAD_REPLY_FRAMING;
    head.bodyKind = BodyKind.CHUNKED;
    return 0;
  }
  if (!measured) {
    head.bodyKind = BodyKind.CLOSE;
    return 0;
  }
  const length = contentLength(head);
  if (length < 0) return Fault.BAD_REPLY_FRAMING;
  head.bodyKind = BodyKind.LENGTH;
  head.bodyLength = length;
  return 0;
}

/** 0, or a fault for an expectation that nobody on the way could promise to meet (RFC 9110 10.1.1); HTTP/1.0 has none. */
export function checkExpectation(head: Head): number {
  const i = head.minor === 0 ? -1 : head.find(Known.EXPECT);
  return i === -1 || head.value(i).toLowerCase() === '100-continue' ? 0 : Fault.BAD_EXPECTATION;
}

/** Whether Content-Length, if there is one, says one thing: also where no body follows, somebody behind us may believe it. */
export function hasSoundLength(head: Head): boolean {
  return (head.seen & HAS_LENGTH) === 0 || contentLength(head) >= 0;
}

const HAS_LENGTH = 1 << Known.CONTENT_LENGTH;
const HAS_ENCODING = 1 << Known.TRANSFER_ENCODING;
const ASKS_UPGRADE = 1 << Known.UPGRADE;

/**
 * The one Content-Length, or -1: `1*DIGIT` once, no list, no sign, at most 2^53 - 1. A leading zero is refused too, because
 * there are readers for whom it begins an octal number.
 */
function contentLength(head: Head): number {
  const i = onlyField(head, Known.CONTENT_LENGTH);
  if (i === -1) return -1;
  const { bytes } = head;
  const from = head.valueStart(i);
  const to = head.valueEnd(i);
  const digits = to - from;
  if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[from] === ZERO)) return -1;
  let length = 0;
  for (let at = from; at < to; at++) {
    const digit = byteAt(bytes, at);
    if (digit < ZERO || digit > NINE) return -1;
    // Not `length * 10 + digit - ZERO`: the sum in between may lie beyond 2^53.
    length = length * 10 + (digit - ZERO);
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

/** Digits of 2^53. */
const MAX_DIGITS = 16;

/** Whether the only Transfer-Encoding is "chunked" and nothing else: no list, no parameter, no other white space. */
function isChunked(head: Head): boolean {
  const i = onlyField(head, Known.TRANSFER_ENCODING);
  return i !== -1 && isText(head.bytes, head.valueStart(i), head.valueEnd(i), 'chunked');
}

/** Index of the only field of a kind; -1 if there are several or none. */
function onlyField(head: Head, kind: number): number {
  let found = -1;
  for (let i = 0; i < head.count; i++) {
    if (head.known[i] !== kind) continue;
    if (found !== -1) return -1;
    found = i;
  }
  return found;
}
