/** The byte at an offset that is known to lie inside. */
export function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] as number; // the caller has compared the offset with its end
}

/** Whether bytes[from..to) are this text, in letters of either case; `lowerText` has no capitals. */
export function isText(bytes: Buffer, from: number, to: number, lowerText: string): boolean {
  if (to - from !== lowerText.length) return false;
  for (let i = 0; i < lowerText.length; i++) {
    let byte = byteAt(bytes, from + i);
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== lowerText.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Offset of the first byte in bytes[from..end) that is not visible ASCII or a blank (0x20 to 0x7e); where there is none, or only one among
 * the last three, an offset at most three before `end`. Looks at four bytes at a time: values are most of a head.
 */
export function endOfPlain(bytes: Buffer, from: number, end: number): number {
  const words = wordsOf(bytes);
  const last = end - 4;
  let at = from;
  while (at <= last) {
    const word = words.getInt32(at, true);
    // A byte's highest bit is set by the first sum for those below 0x20, by the second for 0x7f, and is there from 0x80 on. What
    // is carried into the next byte comes from one that has it set anyway: the first of them is right.
    const others = ((word - 0x20202020) | (word + 0x01010101) | word) & HIGH_BITS;
    if (others !== 0) return at + firstOf(others);
    at += 4;
  }
  return at;
}

/** The same for the first byte that is neither a letter nor a hyphen: of a field's name, nearly always the colon behind it. */
export function endOfLetters(bytes: Buffer, from: number, end: number): number {
  const words = wordsOf(bytes);
  const last = end - 4;
  let at = from;
  while (at <= last) {
    const word = words.getInt32(at, true);
    const lower = word | 0x20202020;
    // As above: from `a` on, not beyond `z`; or not different from a hyphen; and no more than ASCII.
    const letters = (lower + 0x1f1f1f1f) & ~(lower + 0x05050505);
    const hyphens = ~((word ^ 0x2d2d2d2d) + 0x7f7f7f7f);
    const others = ~((letters | hyphens) & ~word) & HIGH_BITS;
    if (others !== 0) return at + firstOf(others);
    at += 4;
  }
  return at;
}

/** Which of four bytes is the first whose highest bit is set. */
function firstOf(highBits: number): number {
  return (31 - Math.clz32(highBits & -highBits)) >>> 3;
}

const HIGH_BITS = 0x80808080 | 0;

/** Views of the two buffers that were looked at last: nearly always what all connections are read into, and heads of HTTP/2. */
let viewed: Buffer | null = null;
let words: DataView = new DataView(new ArrayBuffer(0));
let viewedBefore: Buffer | null = null;
let wordsBefore = words;

function wordsOf(bytes: Buffer): DataView {
  return bytes === viewed ? words : changeView(bytes);
}

function changeView(bytes: Buffer): DataView {
  const before = words;
  words = bytes === viewedBefore ? wordsBefore : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  wordsBefore = before;
  viewedBefore = viewed;
  viewed = bytes;
  return words;
}
