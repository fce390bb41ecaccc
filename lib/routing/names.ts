/** A field name (RFC 9110 5.1: token), as a pattern of a schema. */
export const FIELD_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/**
 * All values of a query parameter, decoded as a form is (WHATWG URL: plus is a space). `query` with its question mark, or empty.
 * Bytes that are not UTF-8 become U+FFFD.
 */
export function queryValues(query: string, name: string): readonly string[] {
  return query === '' ? NONE : new URLSearchParams(query).getAll(name);
}

const NONE: readonly string[] = [];
