/**
 * Bytes that arrived and wait for their turn, in memory of their own unless they are borrowed for the length of a call.
 *
 * Not in Node's shared pool: there one waiting byte holds 64 KiB, and a peer chooses how long it waits. The memory grows by
 * doubling, so that bytes which come one by one are not copied once each.
 */
export class Stash {
  /** What waits is bytes[start..end). */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** The memory is somebody else's. */
  #borrowed = false;

  get length(): number {
    return this.end - this.start;
  }

  /** Lets bytes[from..to) wait where they are; nothing waits yet. Valid until `own`, which must come before they are overwritten. */
  borrow(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes;
    this.start = from;
    this.end = to;
    this.#borrowed = true;
  }

  /** Takes what was borrowed into memory of its own, if it still waits. */
  own(): void {
    if (this.#borrowed) this.#grow(0);
  }

  /** Puts bytes[from..to) behind what waits. */
  add(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (this.#borrowed || this.end + length > this.bytes.length) this.#grow(length);
    bytes.copy(this.bytes, this.end, from, to);
    this.end += length;
  }

  /** Lets go of everything. */
  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    this.#borrowed = false;
  }

  #grow(more: number): void {
    const needed = this.length + more;
    const isFirst = this.#borrowed || this.length === 0;
    const wider = Buffer.allocUnsafeSlow(isFirst ? needed : Math.max(needed, this.length * 2));
    this.bytes.copy(wider, 0, this.start, this.end);
    this.bytes = wider;
    this.end = this.length;
    this.start = 0;
    this.#borrowed = false;
  }
}

const EMPTY = Buffer.alloc(0);
