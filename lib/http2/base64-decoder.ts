/** Decodes base64 that comes in runs, each of which may be padded by itself. */
export class Base64Decoder {
  /** Up to three characters that wait for the rest of their four. */
  #begun = '';

  /** No character waits. */
  get isWhole(): boolean {
    return this.#begun === '';
  }

  /** The bytes of what is whole, as text; null where it is no base64. */
  decode(text: string): string | null {
    const all = this.#begun + text;
    const whole = all.length - (all.length % 4);
    this.#begun = all.slice(whole);
    let bytes = '';
    let at = 0;
    while (at < whole) {
      const padding = all.indexOf('=', at);
      const end = padding === -1 || padding >= whole ? whole : padding - (padding % 4) + 4;
      const run = all.slice(at, end);
      if (!RUN.test(run)) return null;
      bytes += Buffer.from(run, 'base64').latin1Slice();
      at = end;
    }
    return bytes;
  }
}

const RUN = /^[A-Za-z0-9+/]*={0,2}$/;
