import type { Write } from './store.ts';

/** The beginning of `writes` that one transaction can hold: at least one, if there is any. */
export function nextBatch(writes: readonly Write[], maxWrites: number, maxBytes: number): readonly Write[] {
  let bytes = 0;
  const end = writes.findIndex((write, index) => {
    bytes += Buffer.byteLength(write.key) + Buffer.byteLength(write.value ?? '') + OVERHEAD_BYTES;
    return index > 0 && (index >= maxWrites || bytes > maxBytes);
  });
  return end === -1 ? writes : writes.slice(0, end);
}

/** Of one write in a request: its lengths, and its condition, which names the key again. */
const OVERHEAD_BYTES = 128;
