/** A string whose characters are the bytes of the text in UTF-8: what stands in heads and bodies before it is written. */
export function utf8Bytes(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').latin1Slice() : text;
}

const BEYOND_ASCII = /[^\0-\x7f]/;
