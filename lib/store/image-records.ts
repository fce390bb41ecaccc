import { ImageError } from './image-error.ts';
import { ABSENT, RECORD_BYTES } from './image-layout.ts';

/**
 * The records of an image, by the places where they begin. Nothing of a record is made before it is asked for: to make texts out of bytes is
 * most of what a start from an image does.
 */
export class ImageRecords {
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Where the one behind it begins. Throws ImageError where it is not whole. */
  end(at: number): number {
    const head = at + RECORD_BYTES;
    if (head <= this.#bytes.length) {
      const end = head + this.#length(at) + this.#length(at + 4) + this.#length(at + 8);
      if (end <= this.#bytes.length) return end;
    }
    throw new ImageError('is cut short');
  }

  /** The same for a number of them. */
  endOf(at: number, records: number): number {
    let end = at;
    for (let i = 0; i < records; i++) end = this.end(end);
    return end;
  }

  key(at: number): string {
    return this.#text(at + RECORD_BYTES, this.#length(at));
  }

  /** Of the key: 32 bits, of which the lower are the better mixed. */
  hash(at: number): number {
    const end = at + RECORD_BYTES + this.#length(at);
    let hash = end - at;
    let next = at + RECORD_BYTES;
    for (; next + 4 <= end; next += 4) hash = mixed(hash ^ this.#view.getUint32(next, true));
    for (; next < end; next++) hash = mixed(hash ^ this.#view.getUint8(next));
    return hash;
  }

  hasText(at: number): boolean {
    return this.#view.getUint32(at + 4, true) !== ABSENT;
  }

  text(at: number): string | null {
    return this.hasText(at) ? this.#text(at + RECORD_BYTES + this.#length(at), this.#length(at + 4)) : null;
  }

  hasNeeds(at: number): boolean {
    return this.#view.getUint32(at + 8, true) !== ABSENT;
  }

  /** A line each. */
  needs(at: number): string {
    return this.#text(at + RECORD_BYTES + this.#length(at) + this.#length(at + 4), this.#length(at + 8));
  }

  /** Revision or time. */
  number(at: number): number {
    return this.#view.getFloat64(at + 12, true);
  }

  #length(at: number): number {
    const length = this.#view.getUint32(at, true);
    return length === ABSENT ? 0 : length;
  }

  #text(start: number, length: number): string {
    return this.#bytes.toString('utf8', start, start + length);
  }
}

/** A step of MurmurHash3's finalizer. */
function mixed(hash: number): number {
  const product = Math.imul(hash, 0x85ebca6b);
  return product ^ (product >>> 13);
}
