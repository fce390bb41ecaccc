import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CHECKSUM_BYTES } from './image-layout.ts';

/** Which bytes an image is: those of a file up to a place, whatever is added to it, or put where it was, meanwhile. */
export interface ImageExtent {
  /** Nobody else has that number while the file is open somewhere. */
  readonly inode: number;
  readonly bytes: number;
  /** The last of them, in hex: the checksum, usually. */
  readonly tail: string;
}

/** Of an open file, as it is now; null: it holds less than any image. */
export function extentOf(file: number): ImageExtent | null {
  const { ino: inode, size: bytes } = fstatSync(file);
  if (bytes < CHECKSUM_BYTES) return null;
  return { inode, bytes, tail: read(file, bytes - CHECKSUM_BYTES, CHECKSUM_BYTES).toString('hex') };
}

/** The bytes of an open file; null: it is another one. */
export function readExtent(file: number, { inode, bytes, tail }: ImageExtent): Buffer | null {
  if (fstatSync(file).ino !== inode) return null;
  const found = read(file, 0, bytes);
  return found.length === bytes && found.toString('hex', bytes - CHECKSUM_BYTES) === tail ? found : null;
}

/** The bytes of what is at a path now; null: it is another file. Throws what the system says. */
export function readExtentAt(path: string, extent: ImageExtent): Buffer | null {
  const file = openSync(path, 'r');
  try {
    return readExtent(file, extent);
  } finally {
    closeSync(file);
  }
}

/** Fewer, where the file ends before. */
function read(file: number, from: number, bytes: number): Buffer {
  const found = Buffer.allocUnsafeSlow(bytes);
  let end = 0;
  for (let some = -1; end < bytes && some !== 0; end += some) {
    // No system reads more than two gigabytes at once.
    some = readSync(file, found, end, Math.min(bytes - end, MOST_AT_ONCE), from + end);
  }
  return found.subarray(0, end);
}

const MOST_AT_ONCE = 2 ** 30;
