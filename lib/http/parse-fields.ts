import { Fault } from '../core/faults.ts';
import { byteAt, endOfLetters, endOfPlain } from './bytes.ts';
import { COLON, CR, LF, SP, TAB, TILDE, TOKEN, VALUE } from './chars.ts';
import type { Head } from './head.ts';
import { knownName } from './known-names.ts';

/**
 * Field lines up to and with the empty line, from a head or a trailer section (RFC 9112 5), into `head`.
 *
 * Returns the offset behind the empty line; 0 where bytes[from..end) is a beginning of field lines; else the fault of the
 * first byte that cannot be part of any. Nothing is lenient: no white space before the colon, no folded line, no bare CR
 * or LF, no empty name, no control byte in a value.
 */
export function parseFields(head: Head, bytes: Buffer, from: number, end: number, maxFields: number): number {
  const { offsets, known } = head;
  let at = from;
  let count = 0;
  let seen = 0;
  let isPlain = true;
  while (at < end) {
    const nameStart = at;
    let byte = byteAt(bytes, at);
    if (byte === CR) {
      if (at + 1 === end) return 0;
      if (bytes[at + 1] !== LF) return Fault.BAD_LINE_END;
      head.count = count;
      head.seen = seen;
      head.isPlain = isPlain;
      head.end = at + 2;
      return at + 2;
    }
    if (count === maxFields) return Fault.TOO_MANY_FIELDS;
    at = endOfLetters(bytes, at, end);
    if (at === end) return 0;
    byte = byteAt(bytes, at);
    while (TOKEN[byte] === 1) {
      if (++at === end) return 0;
      byte = byteAt(bytes, at);
    }
    if (byte !== COLON || at === nameStart) return nameFault(byte, at === nameStart);
    const nameEnd = at;
    do {
      if (++at === end) return 0;
      byte = byteAt(bytes, at);
    } while (byte === SP || byte === TAB);
    const valueStart = at;
    at = endOfPlain(bytes, at, end);
    if (at === end) return 0;
    byte = byteAt(bytes, at);
    while (VALUE[byte] === 1) {
      if (byte < SP || byte > TILDE) isPlain = false;
      if (++at === end) return 0;
      byte = byteAt(bytes, at);
    }
    if (byte !== CR) return byte === LF ? Fault.BAD_LINE_END : Fault.BAD_FIELD_VALUE;
    if (at + 1 === end) return 0;
    if (bytes[at + 1] !== LF) return Fault.BAD_LINE_END;
    let valueEnd = at;
    while (valueEnd > valueStart && isSpace(byteAt(bytes, valueEnd - 1))) valueEnd--;
    at += 2;
    const kind = knownName(bytes, nameStart, nameEnd);
    const slot = count * 4;
    offsets[slot] = nameStart;
    offsets[slot + 1] = nameEnd;
    offsets[slot + 2] = valueStart;
    offsets[slot + 3] = valueEnd;
    known[count++] = kind;
    if (kind !== 0) seen |= 1 << kind;
  }
  return 0;
}

function isSpace(byte: number): boolean {
  return byte === SP || byte === TAB;
}

function nameFault(byte: number, first: boolean): number {
  // RFC 9112 2.2 and 5.2: before the first field or after another one, a line must not begin with white space.
  if (first && isSpace(byte)) return Fault.FOLDED_FIELD;
  return byte === LF || byte === CR ? Fault.BAD_LINE_END : Fault.BAD_FIELD_NAME;
}
