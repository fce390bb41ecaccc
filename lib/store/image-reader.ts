import { createHash } from 'node:crypto';
import { ImageError } from './image-error.ts';
import { ImageChanges } from './image-changes.ts';
import { ABSENT, CHECKSUM_BYTES, FORMAT, FRAME_BYTES, type ImageHeader, type ImageOwner } from './image-layout.ts';
import { ImageRecords } from './image-records.ts';

/** Reads an image: its entries as they were at the end, one after the other, then its substitutes. Of each is made what is asked for. */
export class ImageReader {
  readonly #bytes: Buffer;
  readonly #records: ImageRecords;
  readonly #isChecked: boolean;
  readonly cluster: string;
  #revision: number;
  /** Records of the base that were not read yet, and where they begin. */
  #baseLeft: number;
  #baseNext: number;
  readonly #changes: ImageChanges;
  #substitutesLeft: number;
  #substitutesNext: number;
  /** Where the record begins. */
  #at = 0;
  /** Behind what counts. */
  readonly end: number;
  /** Whether what follows is all there, and does not fit. What is cut short is usual: a process was killed while it wrote. */
  #isDamaged = false;

  /** Throws ImageError: damaged, of another format, or of another prefix. */
  constructor(bytes: Buffer, { prefix, checker }: ImageOwner) {
    const lineEnd = bytes.indexOf('\n');
    if (lineEnd === -1) throw new ImageError('is cut short');
    const header = headerOf(bytes.toString('utf8', 0, lineEnd));
    if (header === null) throw new ImageError('is of another format');
    this.#bytes = bytes;
    this.#records = new ImageRecords(bytes);
    this.#changes = new ImageChanges(this.#records);
    this.#baseNext = lineEnd + 1;
    this.#baseLeft = header.entries;
    this.#substitutesNext = this.#records.endOf(this.#baseNext, header.entries);
    this.#substitutesLeft = header.substitutes;
    const end = this.#records.endOf(this.#substitutesNext, header.substitutes);
    if (end + CHECKSUM_BYTES > bytes.length) throw new ImageError('is cut short');
    if (!this.#fits(0, end)) throw new ImageError('is damaged: its checksum does not fit');
    if (header.prefix !== prefix) throw new ImageError(`is of ${header.prefix}, not of ${prefix}`);
    this.#isChecked = header.checker === checker;
    this.cluster = header.cluster;
    this.#revision = header.revision;
    this.end = this.#readFrames(end + CHECKSUM_BYTES);
  }

  get revision(): number {
    return this.#revision;
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Substitutes that were not read yet. */
  get substitutes(): number {
    return this.#substitutesLeft;
  }

  /** False: there is none left. */
  nextEntry(): boolean {
    while (this.#baseLeft > 0) {
      const at = this.#baseNext;
      this.#baseLeft--;
      this.#baseNext = this.#records.end(at);
      this.#at = this.#changes.take(at) ?? at;
      if (this.#records.hasText(this.#at)) return true;
    }
    for (let at = this.#changes.takeAdded(); at !== undefined; at = this.#changes.takeAdded()) {
      this.#at = at;
      if (this.#records.hasText(at)) return true;
    }
    return false;
  }

  /** False: there is none left. */
  nextSubstitute(): boolean {
    if (this.#substitutesLeft === 0) return false;
    this.#substitutesLeft--;
    this.#at = this.#substitutesNext;
    this.#substitutesNext = this.#records.end(this.#at);
    return true;
  }

  get key(): string {
    return this.#records.key(this.#at);
  }

  get text(): string | null {
    return this.#records.text(this.#at);
  }

  /** Whether it has passed the very check that it would have to pass now. */
  get isChecked(): boolean {
    return this.#isChecked && this.#records.hasNeeds(this.#at);
  }

  /** A line each. */
  get needs(): string {
    return this.#records.needs(this.#at);
  }

  /** Revision or time. */
  get number(): number {
    return this.#records.number(this.#at);
  }

  /** Answers where the last one that counts ends. */
  #readFrames(from: number): number {
    const { length } = this.#bytes;
    let at = from;
    while (at + FRAME_BYTES + CHECKSUM_BYTES <= length) {
      const end = at + this.#bytes.readUInt32LE(at);
      if (end + CHECKSUM_BYTES > length) break;
      this.#isDamaged = end < at + FRAME_BYTES || !this.#fits(at - CHECKSUM_BYTES, end);
      if (this.#isDamaged) break;
      this.#readFrame(at);
      at = end + CHECKSUM_BYTES;
    }
    return at;
  }

  #readFrame(at: number): void {
    this.#revision = this.#bytes.readDoubleLE(at + 4);
    let next = at + FRAME_BYTES;
    for (let left = this.#bytes.readUInt32LE(at + 12); left > 0; left--) {
      this.#changes.put(next);
      next = this.#records.end(next);
    }
    const substitutes = this.#bytes.readUInt32LE(at + 16);
    if (substitutes === ABSENT) return;
    this.#substitutesLeft = substitutes;
    this.#substitutesNext = next;
  }

  /** Whether what stands at `end` is the checksum of what is between. */
  #fits(from: number, end: number): boolean {
    const checksum = createHash('sha256').update(this.#bytes.subarray(from, end)).digest();
    return checksum.equals(this.#bytes.subarray(end, end + CHECKSUM_BYTES));
  }
}

/** Null: of another format. What else is in it is believed once the checksum has shown that we wrote it. */
function headerOf(line: string): ImageHeader | null {
  try {
    const value: unknown = JSON.parse(line);
    const isOurs = typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT;
    // The format says that it was this version of us.
    return isOurs ? (value as ImageHeader) : null;
  } catch {
    return null;
  }
}
