/**
 * One piece of a regular expression's source (ECMAScript without `u` and `v`, with the legacy syntax of Annex B.1.2).
 */
export interface Token {
  /**
   * `char`: one UTF-16 code unit, in or outside a class. `set`: `\d`, `\W`, `.` and the like, `\b`, and any syntax that is no
   * character. `group`: what opens a group. `open`, `close`: the brackets of a class. `reference`: `\1` or `\k`, which are
   * back-references only if the pattern has such a group, and the character `code` otherwise.
   */
  readonly kind: 'char' | 'set' | 'group' | 'open' | 'close' | 'reference';
  /** Source that means the same, whatever follows it. */
  readonly text: string;
  /** Code unit of a `char` or `reference`, else -1. */
  readonly code: number;
}

/** Takes a valid pattern's source apart. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let inClass = false;
  for (let at = 0; at < source.length;) {
    const [token, length] = tokenAt(source, at, inClass);
    tokens.push(token);
    at += length;
    if (token.kind === 'open') inClass = true;
    else if (token.kind === 'close') inClass = false;
  }
  return tokens;
}

type Piece = readonly [token: Token, length: number];

const GROUP = /\((?:\?(?:<?[=!]|<[^>]*>|[a-z]*(?:-[a-z]*)?:))?/y;
const NUMERIC_ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4}))/iy;
const OCTAL_ESCAPE = /\\([0-3][0-7]{0,2}|[4-7][0-7]?)/y;
const CONTROL_ESCAPE = /\\c([a-z])/iy;
const CONTROL_ESCAPE_IN_CLASS = /\\c([\w])/y;
const CONTROL_LETTERS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

function tokenAt(source: string, at: number, inClass: boolean): Piece {
  const char = source.charAt(at);
  if (char === '\\') return escapeAt(source, at, inClass);
  if (inClass) return char === ']' ? [syntax('close', char), 1] : [character(char), 1];
  if (char === '[') {
    const text = source.startsWith('[^', at) ? '[^' : '[';
    return [syntax('open', text), text.length];
  }
  if (char === '(') {
    const text = matchAt(GROUP, source, at)?.[0] ?? char;
    return [syntax('group', text), text.length];
  }
  return '^$.*+?|)'.includes(char) ? [syntax('set', char), 1] : [character(char), 1];
}

function escapeAt(source: string, at: number, inClass: boolean): Piece {
  const char = source.charAt(at + 1);
  const text = source.slice(at, at + 2);
  if ('dDsSwW'.includes(char) || (!inClass && 'bB'.includes(char))) return [syntax('set', text), 2];
  if (char === 'b') return [{ kind: 'char', text, code: 8 }, 2];
  const control = CONTROL_LETTERS[char];
  if (control !== undefined) return [{ kind: 'char', text, code: control }, 2];
  if (char === 'c') return controlAt(source, at, inClass);
  if (char === 'k') return [{ kind: 'reference', text: 'k', code: 0x6b }, 2];
  if (char >= '0' && char <= '9') return digitsAt(source, at, inClass);
  const hex = matchAt(NUMERIC_ESCAPE, source, at);
  if (hex) return [{ kind: 'char', text: hex[0], code: Number.parseInt(hex[1] ?? hex[2] ?? '', 16) }, hex[0].length];
  // Identity escape. A letter goes without its backslash, which might mean something else in front of another letter.
  return [{ kind: 'char', text: /[a-z]/i.test(char) ? char : text, code: char.charCodeAt(0) }, 2];
}

/** `\cX`; a `\c` without a letter is a backslash followed by a `c`. */
function controlAt(source: string, at: number, inClass: boolean): Piece {
  const match = matchAt(inClass ? CONTROL_ESCAPE_IN_CLASS : CONTROL_ESCAPE, source, at);
  if (match === null) return [{ kind: 'char', text: '\\\\', code: 0x5c }, 1];
  return [{ kind: 'char', text: match[0], code: (match[1] ?? '').charCodeAt(0) % 32 }, match[0].length];
}

function digitsAt(source: string, at: number, inClass: boolean): Piece {
  const kind = inClass || source.charAt(at + 1) === '0' ? 'char' : 'reference';
  const octal = matchAt(OCTAL_ESCAPE, source, at);
  if (octal) return [{ kind, text: octal[0], code: Number.parseInt(octal[1] ?? '', 8) }, octal[0].length];
  return [{ kind, text: source.charAt(at + 1), code: source.charCodeAt(at + 1) }, 2];
}

function matchAt(expression: RegExp, source: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(source);
}

function character(char: string): Token {
  return { kind: 'char', text: char, code: char.charCodeAt(0) };
}

function syntax(kind: Token['kind'], text: string): Token {
  return { kind, text, code: -1 };
}
