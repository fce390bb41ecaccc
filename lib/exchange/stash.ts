/**
 * Bytes that arrived and wait for their turn, in memory of their own.
 *
 * Not in Node's shared pool: there one waiting byte holds 64 KiB, and a peer chooses how long it waits. The memory grows by
 * doubling, so that bytes which come one by one are not copied once each.
 */
export class Stash {
  /** What waits is bytes[start..end). */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Puts bytes[from..to) behind what waits. */
  add(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (this.end + length > this.bytes.length) this.#grow(length);
    bytes.copy(this.bytes, this.end, from, to);
    this.end += length;
  }

  /** Lets go of everything. */
  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
  }

  #grow(more: number): void {
    const needed = this.length + more;
    const wider = Buffer.allocUnsafeSlow(this.length === 0 ? needed : Math.max(needed, this.length * 2));
    this.bytes.copy(wider, 0, this.start, this.end);
    this.bytes = wider;
    this.end = this.length;
    this.start = 0;
  }
}

const EMPTY = Buffer.alloc(0);
