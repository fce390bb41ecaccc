/**
 * Bytes in the alphabet of crypt(3), six bits to a character, the lowest first. `order`: which three bytes stand together, the highest first;
 * a group of fewer bytes takes fewer characters.
 */
export function crypt64(bytes: Buffer, order: readonly (readonly number[])[]): string {
  let text = '';
  for (const group of order) {
    let value = 0;
    for (const at of group) value = (value << 8) | (bytes[at] ?? 0);
    for (let characters = group.length + 1; characters > 0; characters--, value >>= 6)
      text += ALPHABET.charAt(value & 0x3f);
  }
  return text;
}

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
