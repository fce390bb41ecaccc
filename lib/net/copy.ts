/** Size of the shared read buffer in bytes: what a peer can make us handle in one turn. */
export const READ_BYTES = 65_536;

/** Room for one read and the framing before it. */
const MEMORY_BYTES = READ_BYTES + 16_384;
let memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
let isLent = false;

/** Text whose characters are bytes, bytes[from..to) and more text in memory of their own, to be given back by `giveBack`. */
export function copyOf(before: string, bytes: Buffer, from: number, to: number, after: string): Buffer {
  const length = before.length + to - from + after.length;
  const copy = take(length);
  if (before !== '') copy.latin1Write(before, 0);
  bytes.copy(copy, before.length, from, to);
  if (after !== '') copy.latin1Write(after, before.length + to - from);
  return copy.length === length ? copy : copy.subarray(0, length);
}

/** The kernel has taken a copy: its memory is used again for the next one, so that a stream that flows makes no garbage. */
export function giveBack(copy: Uint8Array): void {
  if (copy.buffer === memory.buffer) isLent = false;
}

function take(length: number): Buffer {
  if (length > MEMORY_BYTES) return Buffer.allocUnsafeSlow(length);
  // Whoever has the memory keeps it.
  if (isLent) memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
  isLent = true;
  return memory;
}
