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
