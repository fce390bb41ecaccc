import { tokenize, type Token } from './pattern-tokens.ts';

/**
 * A valid pattern that finds in a lower-cased subject what the pattern with the flag `i` finds in the subject itself: its
 * upper-case letters, however they are written, become lower-case ones, and a range of a class that holds upper-case letters
 * gets the lower-case ones too. Letters beyond Latin-1 stay as they are: a field's value has none.
 *
 * V8's linear engine refuses the flag `i`, therefore the detour.
 */
export function foldCase(source: string): string {
  const tokens = tokenize(source);
  let folded = '';
  let inClass = false;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined) break;
    if (token.kind === 'open') inClass = true;
    else if (token.kind === 'close') inClass = false;
    const last = inClass ? rangeEnd(tokens, i) : undefined;
    if (last === undefined) {
      folded += foldOne(token);
      continue;
    }
    folded += foldRange(token, last);
    i += 2;
  }
  return folded;
}

/** Upper-case letters of Latin-1; each lower-case one is 0x20 higher. */
const UPPER: readonly (readonly [first: number, last: number])[] = [
  [0x41, 0x5a],
  [0xc0, 0xd6],
  [0xd8, 0xde],
];

/** The token after the hyphen if a class has a range at `i`. */
function rangeEnd(tokens: readonly Token[], i: number): Token | undefined {
  if (tokens[i]?.kind === 'open' || tokens[i + 1]?.text !== '-') return undefined;
  const last = tokens[i + 2];
  return last === undefined || last.kind === 'close' ? undefined : last;
}

function foldOne(token: Token): string {
  const isUpper = UPPER.some(([first, last]) => token.code >= first && token.code <= last);
  return isUpper ? String.fromCharCode(token.code + 0x20) : token.text;
}

function foldRange(first: Token, last: Token): string {
  // `[\d-x]` is no range but three members (Annex B.1.2).
  if (first.code < 0 || last.code < 0) return `${foldOne(first)}-${foldOne(last)}`;
  let folded = `${first.text}-${last.text}`;
  for (const [firstUpper, lastUpper] of UPPER) {
    const from = Math.max(first.code, firstUpper);
    const to = Math.min(last.code, lastUpper);
    if (from <= to) folded += `${String.fromCharCode(from + 0x20)}-${String.fromCharCode(to + 0x20)}`;
  }
  return folded;
}
