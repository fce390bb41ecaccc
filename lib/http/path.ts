import { DOT, hexOf, PATH, PERCENT, SLASH, UNRESERVED } from './chars.ts';

/**
 * The one form of a path that is matched, rewritten and forwarded; null for a path that two readers could take for two
 * paths. Applying it twice changes nothing more.
 *
 * | in the path                             | becomes                                                              |
 * | --------------------------------------- | -------------------------------------------------------------------- |
 * | `%41`, `%7e`: an unreserved character   | the character (RFC 3986 6.2.2.2)                                       |
 * | `%2f`, `%3b`, `%c3%a9`: any other byte   | stays escaped, digits in upper case (6.2.2.1)                          |
 * | `/./`, `/../`, also escaped             | removed (5.2.4); above the root is the root                            |
 * | `//`, `;x=1`, a trailing `/`            | stays                                                                  |
 * | `%`, `%4`, `%zz`                        | refused: no escape                                                     |
 * | `%00`                                   | refused: ends the path for a C program                                 |
 * | `\`                                     | refused: a slash to some                                                   |
 * | bytes above 0x7f, controls, `"#<>?`     | refused: not in a path (3.3)                                           |
 * | `/..%2f`, `/a%5c..`, `/..;x/`           | refused: a dot segment to whoever decodes or cuts parameters first     |
 */
export function normalPath(raw: string): string | null {
  if (raw.charCodeAt(0) !== SLASH) return null;
  let plain = true;
  let before = 0;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code > 0x7e || PATH[code] !== 1) return null;
    if (code === PERCENT || (code === DOT && before === SLASH)) plain = false;
    before = code;
  }
  if (plain) return raw;
  const decoded = decodeUnreserved(raw);
  return decoded === null ? null : withoutDotSegments(decoded);
}

/** Escapes in their normal form; null for what is none and for NUL. */
function decodeUnreserved(path: string): string | null {
  let at = path.indexOf('%');
  if (at === -1) return path;
  let text = '';
  let run = 0;
  for (; at !== -1; at = path.indexOf('%', run)) {
    const high = hexOf(path.charCodeAt(at + 1));
    const low = hexOf(path.charCodeAt(at + 2));
    const byte = high * 16 + low;
    if (high > 15 || low > 15 || byte === 0) return null;
    text += path.slice(run, at);
    text += UNRESERVED[byte] === 1 ? String.fromCharCode(byte) : path.slice(at, at + 3).toUpperCase();
    run = at + 3;
  }
  return text + path.slice(run);
}

function withoutDotSegments(path: string): string | null {
  if (!path.includes('/.') && !path.includes('%2F.') && !path.includes('%5C.')) return path;
  const segments = path.split('/');
  const kept: string[] = [];
  const last = segments.length - 1;
  for (const [i, segment] of segments.entries()) {
    if (i === 0) continue; // nothing stands before the first slash
    if (segment === '.' || segment === '..') {
      if (segment === '..') kept.pop();
      // What a removed last segment leaves is a directory.
      if (i === last) kept.push('');
    } else if (HIDDEN_DOTS.test(segment)) return null;
    else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** A segment with a dot segment inside, once escaped slashes are slashes or what follows a semicolon is cut off. */
const HIDDEN_DOTS = /(?:^|%2F|%5C)\.\.?(?:;|%2F|%5C|$)/;
