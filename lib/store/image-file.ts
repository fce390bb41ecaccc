import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ImageError } from './image-error.ts';
import { extentOf, readExtent, type ImageExtent } from './image-extent.ts';
import { decodeImage } from './image-format.ts';
import { ImageJournal } from './image-journal.ts';
import type { ImageOwner } from './image-layout.ts';
import type { Image, ImageNews } from './image.ts';

/**
 * An image in a file, which is always whole: it is written beside it, synced and renamed, and the directory is synced then. What changes
 * later is added to it, but only to what this process has written itself: no two processes ever write to one file. Whatever is found
 * damaged counts as not there.
 */
export class ImageFile {
  readonly path: string;
  readonly #owner: ImageOwner;
  /** What `pin` has found; null: nothing. */
  #pinned: { readonly file: number; readonly extent: ImageExtent } | null = null;
  /** Where is added what changes; null: all that is known has to be written. */
  #journal: ImageJournal | null = null;

  constructor(path: string, owner: ImageOwner) {
    this.path = path;
    this.#owner = owner;
  }

  /** What is in the file now, which is what is read next, whatever is added to it or put in its place; null: no image. */
  pin(): ImageExtent | null {
    try {
      const file = openSync(this.path, 'r');
      const extent = extentOf(file);
      if (extent === null) closeSync(file);
      else this.#pinned = { file, extent };
      return extent;
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
    if (this.#pinned === null) return readFileSync(this.path);
    const { file, extent } = this.#pinned;
    this.#pinned = null;
    try {
      const bytes = readExtent(file, extent);
      if (bytes === null) throw new ImageError('was changed by another program while it was read');
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  /** Throws ImageError; the file is as before then. */
  async write(image: Image): Promise<void> {
    const directory = dirname(this.path);
    try {
      // What is not written now is known to nobody as a change of what was written before.
      await this.close();
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await this.#replace(image);
      await syncDirectory(directory);
      await this.#sweep(directory);
    } catch (error) {
      throw new ImageError(messageOf(error));
    }
  }

  async #replace(image: Image): Promise<void> {
    const temporary = `${this.path}.${process.pid}${TEMPORARY}`;
    await rm(temporary, { force: true });
    let journal: ImageJournal | null = null;
    try {
      journal = await ImageJournal.create(temporary, image, this.#owner);
      await rename(temporary, this.path);
      [this.#journal, journal] = [journal, null];
    } finally {
      await journal?.close();
      await rm(temporary, { force: true });
    }
  }

  /**
   * Adds what is different since the last call of `write` or of this. False: it is to be written as a whole, as there is nothing to add it
   * to, or that is large enough. Throws ImageError; what was added before stays.
   */
  async add(news: ImageNews): Promise<boolean> {
    const journal = this.#journal;
    if (journal === null) return false;
    // Nothing is added any more to what has failed, or has no room for something that came before.
    this.#journal = null;
    try {
      const isAdded = (await journal.isAt(this.path)) && (await journal.add(news));
      if (isAdded) this.#journal = journal;
      else await journal.close();
      return isAdded;
    } catch (error) {
      await journal.close().catch(() => undefined);
      throw new ImageError(messageOf(error));
    }
  }

  /** There is nothing more to be added. */
  async close(): Promise<void> {
    const journal = this.#journal;
    this.#journal = null;
    await journal?.close();
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
