import { readFileSync } from 'node:fs';
import type { TableChange } from '../lib/change.ts';
import type { FirstImage } from '../lib/cluster/messages.ts';
import { CHECKSUM_BYTES } from '../lib/store/image-layout.ts';
import { ImageReader } from '../lib/store/image-reader.ts';
import { FirstTable } from '../lib/sync/first-table.ts';

/** The table of an image, as a worker reads it. What is wrong with the file is told by the primary, which reads it as well. */
export function readFirstTable({ path, checksum, ...owner }: FirstImage): readonly TableChange[] | null {
  try {
    const bytes = readFileSync(path);
    if (bytes.toString('hex', bytes.length - CHECKSUM_BYTES) !== checksum) return null;
    const image = new ImageReader(bytes, owner);
    if (image.substitutes > 0) return null;
    const table = new FirstTable();
    for (let i = 0; i < image.entries; i++) {
      image.next();
      if (!table.put(image.key, image.text ?? '', image.isChecked)) return null;
    }
    return table.changes();
  } catch {
    return null;
  }
}
