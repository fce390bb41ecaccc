import { createHash } from 'node:crypto';
import { ImageError } from './image-error.ts';
import { ABSENT, CHECKSUM_BYTES, FORMAT, RECORD_BYTES, type ImageHeader, type ImageOwner } from './image-layout.ts';

/**
 * Reads an image record by record: `next`, then what is wanted of it. Nothing of a record is made before it is asked for: to make texts
 * out of bytes is most of what a start from an image does.
 */
export class ImageReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #end: number;
  readonly #isChecked: boolean;
  readonly cluster: string;
  readonly revision: number;
  readonly entries: number;
  readonly substitutes: number;
  /** Where the record begins, and the one behind it. */
  #at: number;
  #next: number;

  /** Throws ImageError: damaged, of another format, or of another prefix. */
  constructor(bytes: Buffer, { prefix, checker }: ImageOwner) {
    const end = bytes.length - CHECKSUM_BYTES;
    const lineEnd = bytes.indexOf('\n');
    if (end < 0 || lineEnd === -1 || lineEnd >= end) throw new ImageError('is cut short');
    const checksum = createHash('sha256').update(bytes.subarray(0, end)).digest();
    if (!checksum.equals(bytes.subarray(end))) throw new ImageError('is damaged: its checksum does not fit');
    const header: unknown = JSON.parse(bytes.toString('utf8', 0, lineEnd));
    if (!isHeader(header)) throw new ImageError('is of another format');
    if (header.prefix !== prefix) throw new ImageError(`is of ${header.prefix}, not of ${prefix}`);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = end;
    this.#isChecked = header.checker === checker;
    this.cluster = header.cluster;
    this.revision = header.revision;
    this.entries = header.entries;
    this.substitutes = header.substitutes;
    this.#at = lineEnd + 1;
    this.#next = lineEnd + 1;
  }

  /** Throws ImageError where there is none. */
  next(): void {
    const at = this.#next;
    if (at + RECORD_BYTES > this.#end) throw new ImageError('has fewer records than it says');
    this.#at = at;
    this.#next = at + RECORD_BYTES + this.#length(0) + this.#length(4) + this.#length(8);
  }

  get key(): string {
    return this.#text(this.#at + RECORD_BYTES, this.#length(0));
  }

  get text(): string | null {
    if (this.#view.getUint32(this.#at + 4, true) === ABSENT) return null;
    return this.#text(this.#at + RECORD_BYTES + this.#length(0), this.#length(4));
  }

  /** Whether it has passed the very check that it would have to pass now. */
  get isChecked(): boolean {
    return this.#isChecked && this.#view.getUint32(this.#at + 8, true) !== ABSENT;
  }

  /** A line each. */
  get needs(): string {
    return this.#text(this.#at + RECORD_BYTES + this.#length(0) + this.#length(4), this.#length(8));
  }

  /** Revision or time. */
  get number(): number {
    return this.#view.getFloat64(this.#at + 12, true);
  }

  #length(field: 0 | 4 | 8): number {
    const length = this.#view.getUint32(this.#at + field, true);
    return length === ABSENT ? 0 : length;
  }

  #text(start: number, length: number): string {
    return this.#bytes.toString('utf8', start, start + length);
  }
}

function isHeader(value: unknown): value is ImageHeader {
  // The checksum has shown that we wrote it; the format, that it was this version of us.
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT;
}
