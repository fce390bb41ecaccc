/**
 * What each byte may be, one table of 256 per question: 1 is yes. A parser asks `TABLE[byte]` and nothing else.
 *
 * The tables are the ABNF of RFC 9110 and RFC 9112 unless their comment says where they are narrower.
 */

const ALPHA = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGIT = '0123456789';

/** `tchar` (RFC 9110 5.6.2): field names, chunk extensions, elements of Connection. */
export const TOKEN = bytesOf(`!#$%&'*+-.^_\`|~${DIGIT}${ALPHA}`);

/**
 * Methods: `tchar` without lower case. No registered method has any, and a server that takes `head` for HEAD would send a
 * reply whose end we look for elsewhere (nginx refuses it too).
 */
export const METHOD = bytesOf(`!#$%&'*+-.^_\`|~${DIGIT}${ALPHA.slice(0, 26)}`);

/** `field-content` and what may stand between (RFC 9110 5.5): HTAB, SP, VCHAR, obs-text. */
export const VALUE = range(bytesOf('\t'), [0x20, 0x7e], [0x80, 0xff]);

/**
 * The request target (RFC 9112 3.2): visible ASCII without `"`, `#`, `<` and `>`. RFC 3986 also leaves out `\ ^ { | }` and
 * the backtick, which browsers send in queries as they are.
 */
export const TARGET = without(range(bytesOf(''), [0x21, 0x7e]), '"#<>');

/** A path (RFC 3986 3.3): what a target may have, but neither the query's mark nor a backslash. */
export const PATH = without(TARGET, '?\\');

/** RFC 3986 2.3: those that mean the same with and without percent-encoding. */
export const UNRESERVED = bytesOf(`-._~${DIGIT}${ALPHA}`);

/**
 * A registered name (RFC 3986 3.2.2) as DNS and certificates know them: letters, digits, hyphen, dot, underscore. No
 * percent-encoding and no sub-delims: what they would name, no two servers agree on.
 */
export const HOST = bytesOf(`-._${DIGIT}${ALPHA}`);

/** Between the quotes of a quoted-string (RFC 9110 5.6.4); the backslash is not here, it escapes. */
export const QUOTED = without(VALUE, '"\\');

/** Value of the hexadecimal digit that a byte is, 255 for other bytes. */
export function hexOf(byte: number): number {
  return HEX[byte & 0xff] as number; // every byte has an entry
}

const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  HEX[text.charCodeAt(0)] = digit;
  HEX[text.toUpperCase().charCodeAt(0)] = digit;
}

/** Bytes with names. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const TILDE = 0x7e;

function bytesOf(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of text) table[char.charCodeAt(0)] = 1;
  return table;
}

/** The table with more bytes. */
function range(table: Uint8Array, ...pairs: (readonly [first: number, last: number])[]): Uint8Array {
  const wider = table.slice();
  for (const [first, last] of pairs) wider.fill(1, first, last + 1);
  return wider;
}

function without(table: Uint8Array, text: string): Uint8Array {
  const narrower = table.slice();
  for (const char of text) narrower[char.charCodeAt(0)] = 0;
  return narrower;
}
