import { readFileSync } from 'node:fs';
import type { TableChange } from '../lib/change.ts';
import type { FirstImage } from '../lib/cluster/messages.ts';
import { CHECKSUM_BYTES, decodeImage } from '../lib/store/image-format.ts';
import { firstTable } from '../lib/sync/first-table.ts';

/** The table of an image, as a worker reads it. What is wrong with the file is told by the primary, which reads it as well. */
export function readFirstTable({ path, checksum, ...owner }: FirstImage): readonly TableChange[] | null {
  try {
    const bytes = readFileSync(path);
    if (bytes.toString('hex', bytes.length - CHECKSUM_BYTES) !== checksum) return null;
    return firstTable(decodeImage(bytes, owner));
  } catch {
    return null;
  }
}
