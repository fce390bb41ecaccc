import type { TableChange } from '../lib/change.ts';
import type { FirstImage } from '../lib/cluster/messages.ts';
import { readExtentAt } from '../lib/store/image-extent.ts';
import { ImageReader } from '../lib/store/image-reader.ts';
import { FirstTable } from '../lib/sync/first-table.ts';

/** The table of an image, as a worker reads it. What is wrong with the file is told by the primary, which reads it as well. */
export function readFirstTable(image: FirstImage): readonly TableChange[] | null {
  try {
    const bytes = readExtentAt(image.path, image);
    if (bytes === null) return null;
    const reader = new ImageReader(bytes, image);
    if (reader.substitutes > 0) return null;
    const table = new FirstTable();
    while (reader.nextEntry()) {
      if (!table.put(reader.key, reader.text ?? '', reader.isChecked)) return null;
    }
    return table.changes();
  } catch {
    return null;
  }
}
