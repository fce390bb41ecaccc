import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ImageError, decodeImage, encodeHeader, encodeRecord } from './image-format.ts';
import type { Image } from './image.ts';

/**
 * An image in a file, which is always whole: it is written beside it, synced and renamed, and the directory is synced then.
 * Whatever is found damaged counts as not there.
 */
export class ImageFile {
  readonly path: string;
  /** Begins every key: an image of another instance is none of ours. */
  readonly #prefix: string;

  constructor(path: string, prefix: string) {
    this.path = path;
    this.#prefix = prefix;
  }

  /** Null if there is no file. Throws ImageError if there is one that cannot be used. */
  async read(): Promise<Image | null> {
    try {
      return decodeImage(await readFile(this.path), this.#prefix);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      if (error instanceof ImageError) throw error;
      throw new ImageError(messageOf(error));
    }
  }

  /** Throws ImageError; the file is as before then. */
  async write(image: Image): Promise<void> {
    const directory = dirname(this.path);
    const temporary = `${this.path}.${process.pid}${TEMPORARY}`;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      try {
        await writeSynced(temporary, image, this.#prefix);
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

/** Bytes that are gathered before they are written: encoding them takes less than a millisecond. */
const PART_BYTES = 262_144;

async function writeSynced(path: string, image: Image, prefix: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    let parts = [encodeHeader(image, prefix)];
    let bytes = 0;
    const records = [
      ...image.entries.map(({ key, value, revision }) => ({ key, text: value, number: revision })),
      ...image.substitutes.map(({ key, lastGood, since }) => ({ key, text: lastGood, number: since })),
    ];
    for (const { key, text, number } of records) {
      const record = encodeRecord(key, text, number);
      parts.push(record);
      bytes += record.length;
      if (bytes < PART_BYTES) continue;
      await writePart(file, hash, parts);
      parts = [];
      bytes = 0;
    }
    await writePart(file, hash, parts);
    await file.writeFile(hash.digest());
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writePart(file: FileHandle, hash: Hash, parts: readonly Buffer[]): Promise<void> {
  const part = Buffer.concat(parts);
  hash.update(part);
  await file.writeFile(part);
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
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
