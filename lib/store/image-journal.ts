import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { encodeFrameHead, encodeHeader, frameBytes, newsRecords, recordsOf } from './image-format.ts';
import type { ImageOwner } from './image-layout.ts';
import type { Image, ImageNews } from './image.ts';
import { PartWriter } from './part-writer.ts';

/**
 * A file that this process has written an image to, and adds to. It stays open: nobody else writes to it, wherever it is moved and
 * whatever is put in its place.
 */
export class ImageJournal {
  readonly #file: FileHandle;
  /** The last that was written. */
  #checksum: Buffer;
  /** For what is added. */
  #roomBytes: number;

  private constructor(file: FileHandle, checksum: Buffer, bytes: number) {
    this.#file = file;
    this.#checksum = checksum;
    this.#roomBytes = Math.max(LEAST_ROOM_BYTES, bytes * ROOM_SHARE);
  }

  /** Writes a new file, which is on the disk then. */
  static async create(path: string, image: Image, owner: ImageOwner): Promise<ImageJournal> {
    // No other process has it open: what is there was left by one that is no more.
    const file = await open(path, 'wx', 0o600);
    try {
      const writer = new PartWriter(file, encodeHeader(image, owner), null);
      const checksum = await writer.end(recordsOf(image));
      await file.sync();
      return new ImageJournal(file, checksum, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Whether that is what is found at a path. */
  async isAt(path: string): Promise<boolean> {
    const [own, found] = await Promise.all([this.#file.stat(), stat(path).catch(() => null)]);
    return found !== null && found.ino === own.ino && found.dev === own.dev;
  }

  /** False: there is no room for it. Where it throws, part of it may be there, and nothing can be added any more. */
  async add(news: ImageNews): Promise<boolean> {
    const records = newsRecords(news);
    const bytes = frameBytes(records);
    if (bytes > this.#roomBytes) return false;
    this.#roomBytes -= bytes;
    const writer = new PartWriter(this.#file, encodeFrameHead(news, bytes), this.#checksum);
    this.#checksum = await writer.end(records);
    await this.#file.datasync();
    return true;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What a start reads besides is bounded by it, and so is how often the whole is written. */
const ROOM_SHARE = 1 / 8;
/** A small image, too, is not to be written as a whole for every change. */
const LEAST_ROOM_BYTES = 262_144;
