import { byteAt } from './bytes.ts';
import { Known } from './head.ts';

/**
 * The value of `Known` for the field name bytes[from..to), 0 for any other name; case does not matter.
 *
 * Length, first and last letter lead to the only name that can be meant, which is then compared letter by letter: a name
 * that is not known costs one look-up.
 */
export function knownName(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  const kind = KINDS[slotOf(length, byteAt(bytes, from), byteAt(bytes, to - 1))] as number; // there are 64 slots
  let letter = kind * STRIDE;
  if (LETTERS[letter] !== length) return 0;
  for (let i = from; i < to; i++) {
    let byte = byteAt(bytes, i);
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== LETTERS[++letter]) return 0;
  }
  return kind;
}

/** The factors are the smallest for which no two names share a slot; a test finds every name. */
function slotOf(length: number, first: number, last: number): number {
  return (length * 2 + (first & 31) * 20 + (last & 31)) & 63;
}

/** By slot: the kind of the only known name that has it. */
const KINDS = new Uint8Array(64);
/** By kind: length of its name, then its letters in lower case. */
const STRIDE = 32;
const LETTERS = new Uint8Array(32 * STRIDE);

for (const [key, kind] of Object.entries(Known)) {
  const name = key.toLowerCase().replaceAll('_', '-');
  KINDS[slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1))] = kind;
  LETTERS[kind * STRIDE] = name.length;
  for (let i = 0; i < name.length; i++) LETTERS[kind * STRIDE + 1 + i] = name.charCodeAt(i);
}
