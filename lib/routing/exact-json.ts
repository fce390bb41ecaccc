/**
 * A value of JSON in which numbers that no double holds stay what they are: as `JSON.rawJSON`, which is written as it was read. Identifiers
 * of 64 bits are such. Throws SyntaxError for what is no JSON, RangeError for what is nested too deep to look for such numbers in.
 */
export function exactJson(text: string): unknown {
  // RFC 8259 8.1: a byte order mark may be passed over.
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  return MAY_BE_LOST.test(json) ? EXACT.parse(json, revived) : EXACT.parse(json);
}

/** The digits of such a number; null for any other value. */
export function exactNumber(value: object): string | null {
  return EXACT.isRawJSON(value) ? value.rawJSON : null;
}

function revived(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined) return value;
  const isKept = Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(source));
  return isKept ? value : EXACT.rawJSON(source);
}

/** Most texts have no such number, and need not be looked through value by value. */
const MAY_BE_LOST = /\d{16}|[eE]\+?\d{3}/;

/** A text that is written into JSON as it is. */
interface RawJson {
  readonly rawJSON: string;
}

interface ExactJson {
  parse(text: string, reviver?: (key: string, value: unknown, about: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
}

// What V8 has of ECMAScript's "JSON.parse source text access", which the published types lack.
const EXACT = JSON as typeof JSON & ExactJson;
