/** A field name (RFC 9110 5.1: token), as a pattern of a schema. */
export const FIELD_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/** The value of a cookie (RFC 6265 4.2.1), the first of that name; null without one. `header`: the Cookie field, or null. */
export function cookieOf(header: string | null, name: string): string | null {
  if (header === null) return null;
  for (let at = 0; at < header.length;) {
    const next = header.indexOf(';', at);
    const end = next === -1 ? header.length : next;
    const equals = header.indexOf('=', at);
    if (equals !== -1 && equals < end && header.slice(at, equals).trim() === name) {
      return unquoted(header.slice(equals + 1, end).trim());
    }
    at = end + 1;
  }
  return null;
}

/**
 * All values of a query parameter, decoded as a form is (WHATWG URL: plus is a space). `query` with its question mark, or empty.
 * Bytes that are not UTF-8 become U+FFFD.
 */
export function queryValues(query: string, name: string): readonly string[] {
  return query === '' ? NONE : new URLSearchParams(query).getAll(name);
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

const NONE: readonly string[] = [];
