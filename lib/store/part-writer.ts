import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { encodeRecord, recordBytes } from './image-format.ts';
import type { ImageRecord } from './image-format.ts';
import { RECORD_BYTES } from './image-layout.ts';

/**
 * Writes a head, records and their checksum to where a file is. Records are gathered and written in parts, so that no part keeps the
 * process from its other work.
 */
export class PartWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #part: Buffer;
  #end: number;

  /** `before`: the checksum that this one is to follow, if any. */
  constructor(file: FileHandle, head: Buffer, before: Buffer | null) {
    this.#file = file;
    if (before !== null) this.#hash.update(before);
    this.#part = Buffer.allocUnsafe(Math.max(PART_BYTES, head.length));
    this.#end = head.copy(this.#part);
  }

  /** Puts records, then the checksum, which is the answer. */
  async end(records: Iterable<ImageRecord>): Promise<Buffer> {
    // Nothing waits for a record that has room.
    for (const record of records) if (!this.#put(record)) await this.#flush(record);
    const part = this.#take();
    this.#hash.update(part);
    const checksum = this.#hash.digest();
    await this.#file.writeFile(Buffer.concat([part, checksum]));
    return checksum;
  }

  /** False if there is no room for it. */
  #put(record: ImageRecord): boolean {
    const { key, text, needs } = record;
    // No character takes more than three bytes for each of its code units.
    const most = 3 * (key.length + (text?.length ?? 0) + (needs?.length ?? 0)) + RECORD_BYTES;
    if (this.#end + most > this.#part.length) return false;
    this.#end = encodeRecord(this.#part, this.#end, record);
    return true;
  }

  /** Writes what was gathered, then takes the record that found no room. */
  async #flush(record: ImageRecord): Promise<void> {
    await this.#write(this.#take());
    if (this.#put(record)) return;
    const large = Buffer.allocUnsafe(recordBytes(record));
    await this.#write(large.subarray(0, encodeRecord(large, 0, record)));
  }

  #take(): Buffer {
    const part = this.#part.subarray(0, this.#end);
    this.#end = 0;
    return part;
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.writeFile(bytes);
  }
}

/** Encoding so many bytes takes less than a millisecond. */
const PART_BYTES = 262_144;
