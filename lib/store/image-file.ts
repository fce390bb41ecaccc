import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ImageError } from './image-error.ts';
import { decodeImage, encodeHeader, encodeRecord, entryRecord, recordBytes, substituteRecord } from './image-format.ts';
import type { ImageRecord } from './image-format.ts';
import { CHECKSUM_BYTES, RECORD_BYTES, type ImageOwner } from './image-layout.ts';
import type { Image } from './image.ts';

/**
 * An image in a file, which is always whole: it is written beside it, synced and renamed, and the directory is synced then.
 * Whatever is found damaged counts as not there.
 */
export class ImageFile {
  readonly path: string;
  readonly #owner: ImageOwner;
  /** Of the file that `pin` has found; null: none. */
  #pinned: number | null = null;

  constructor(path: string, owner: ImageOwner) {
    this.path = path;
    this.#owner = owner;
  }

  /** The checksum that stands in the file, which is the one that is read next, whatever is put in its place; null: none. */
  pin(): string | null {
    try {
      this.#pinned ??= openSync(this.path, 'r');
      const checksum = Buffer.alloc(CHECKSUM_BYTES);
      const from = fstatSync(this.#pinned).size - CHECKSUM_BYTES;
      return readSync(this.#pinned, checksum, 0, CHECKSUM_BYTES, from) < CHECKSUM_BYTES
        ? null
        : checksum.toString('hex');
    } catch {
      // What is wrong with it is told when it is read.
      return null;
    }
  }

  /** Null if there is no file. Throws ImageError if there is one that cannot be used. */
  read(): Promise<Image | null> {
    return Promise.try(() => this.#read());
  }

  #read(): Image | null {
    try {
      return decodeImage(this.#bytes(), this.#owner);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      if (error instanceof ImageError) throw error;
      throw new ImageError(messageOf(error));
    }
  }

  #bytes(): Buffer {
    const file = this.#pinned;
    if (file === null) return readFileSync(this.path);
    this.#pinned = null;
    try {
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Throws ImageError; the file is as before then. */
  async write(image: Image): Promise<void> {
    const directory = dirname(this.path);
    const temporary = `${this.path}.${process.pid}${TEMPORARY}`;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      try {
        await writeSynced(temporary, image, this.#owner);
        await rename(temporary, this.path);
      } finally {
        await rm(temporary, { force: true });
      }
      await syncDirectory(directory);
      await this.#sweep(directory);
    } catch (error) {
      throw new ImageError(messageOf(error));
    }
  }

  /** Processes that were killed while they wrote have left their parts. */
  async #sweep(directory: string): Promise<void> {
    const start = `${basename(this.path)}.`;
    for (const name of await readdir(directory)) {
      if (!name.startsWith(start) || !name.endsWith(TEMPORARY)) continue;
      const pid = Number(name.slice(start.length, -TEMPORARY.length));
      if (!isAlive(pid)) await rm(join(directory, name), { force: true });
    }
  }
}

const TEMPORARY = '.tmp';

/** Encoding so many bytes takes less than a millisecond. */
const PART_BYTES = 262_144;

async function writeSynced(path: string, image: Image, owner: ImageOwner): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const writer = new PartWriter(file);
    await writer.write(encodeHeader(image, owner));
    for (const entry of image.entries) {
      const record = entryRecord(entry, image.needsOf(entry.key, entry.value));
      if (!writer.put(record)) await writer.flush(record);
    }
    for (const substitute of image.substitutes) {
      const record = substituteRecord(substitute);
      if (!writer.put(record)) await writer.flush(record);
    }
    await writer.end();
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gathers records and writes them in parts, so that no part keeps the process from its other work. */
class PartWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #part = Buffer.allocUnsafe(PART_BYTES);
  #end = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** False if there is no room for it. */
  put(record: ImageRecord): boolean {
    const { key, text, needs } = record;
    // No character takes more than three bytes for each of its code units.
    const most = 3 * (key.length + (text?.length ?? 0) + (needs?.length ?? 0)) + RECORD_BYTES;
    if (this.#end + most > this.#part.length) return false;
    this.#end = encodeRecord(this.#part, this.#end, record);
    return true;
  }

  /** Writes what was gathered, then takes the record that found no room. */
  async flush(record: ImageRecord): Promise<void> {
    await this.write(this.#part.subarray(0, this.#end));
    this.#end = 0;
    if (this.put(record)) return;
    const large = Buffer.allocUnsafe(recordBytes(record));
    await this.write(large.subarray(0, encodeRecord(large, 0, record)));
  }

  async write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.writeFile(bytes);
  }

  async end(): Promise<void> {
    await this.write(this.#part.subarray(0, this.#end));
    await this.#file.writeFile(this.#hash.digest());
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A killed process answers signals until somebody has asked for its end, which the first process of a container may never do. */
function isZombie(pid: number): boolean {
  try {
    // proc(5): the state stands behind the name, which is in parentheses and may hold any character.
    return /\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
