/** A field name (RFC 9110 5.1: token), as a pattern of a schema. */
export const FIELD_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/**
 * All values of a query parameter, decoded as a form is (WHATWG URL: plus is a space). `query` with its question mark, or empty.
 * Bytes that are not UTF-8 become U+FFFD.
 */
export function queryValues(query: string, name: string): readonly string[] {
  if (isWithout(query, name)) return NONE;
  let values: string[] | null = null;
  for (let at = 1; at < query.length;) {
    const end = endOfPart(query, at);
    const value = valueIf(query, at, end, name);
    if (value !== null) (values ??= []).push(value);
    at = end + 1;
  }
  return values ?? NONE;
}

/** The first of them; null if there is none. */
export function firstQueryValue(query: string, name: string): string | null {
  if (isWithout(query, name)) return null;
  for (let at = 1; at < query.length;) {
    const end = endOfPart(query, at);
    const value = valueIf(query, at, end, name);
    if (value !== null) return value;
    at = end + 1;
  }
  return null;
}

/** Whether it is plain at a glance that there is no such parameter. */
function isWithout(query: string, name: string): boolean {
  return !query.includes(name) && !query.includes('%') && !query.includes('+');
}

function endOfPart(query: string, from: number): number {
  const end = query.indexOf('&', from);
  return end === -1 ? query.length : end;
}

/** The value of query[from..to), `name=value`, if it has that name. */
function valueIf(query: string, from: number, to: number, name: string): string | null {
  if (from === to) return null;
  let equals = from;
  let isWritten = true;
  for (; equals < to; equals++) {
    const code = query.charCodeAt(equals);
    if (code === EQUALS) break;
    if (code === PERCENT || code === PLUS) isWritten = false;
  }
  const isNamed = isWritten
    ? equals - from === name.length && query.startsWith(name, from)
    : decoded(query.slice(from, equals)) === name;
  if (!isNamed) return null;
  const value = query.slice(equals + 1, to);
  return isEncoded(query, equals + 1, to) ? decoded(value) : value;
}

function isEncoded(query: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = query.charCodeAt(at);
    if (code === PERCENT || code === PLUS) return true;
  }
  return false;
}

function decoded(text: string): string {
  return new URLSearchParams(`=${text}`).get('') ?? '';
}

const NONE: readonly string[] = [];
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
