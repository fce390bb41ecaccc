/**
 * One number for what keys hold: the sum of their hashes, so that their order does not matter and a change costs only the keys that
 * it is about. It finds what went wrong by accident, nothing that somebody has made to look the same.
 */
export class Digest {
  #high = 0;
  #low = 0;

  add(key: string, value: string): void {
    hash(key, value);
    this.#high = (this.#high + high) >>> 0;
    this.#low = (this.#low + low) >>> 0;
  }

  remove(key: string, value: string): void {
    hash(key, value);
    this.#high = (this.#high - high) >>> 0;
    this.#low = (this.#low - low) >>> 0;
  }

  /** Adds all that another one has. */
  join(other: Digest): void {
    this.#high = (this.#high + other.#high) >>> 0;
    this.#low = (this.#low + other.#low) >>> 0;
  }

  /** Sixteen hexadecimal digits. */
  get value(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }
}

// The last hash: two numbers need no object.
let high = 0;
let low = 0;

/** Two lanes of multiplication and exclusive or, mixed at the end (cyrb53, by bryc, public domain). */
function hash(key: string, value: string): void {
  // Of locals the loops are made without a look at memory.
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    a = Math.imul(a ^ unit, ONE);
    b = Math.imul(b ^ unit, OTHER);
  }
  // No character of a key can be mistaken for where the value begins.
  a = Math.imul(a ^ 0x10000, ONE);
  b = Math.imul(b ^ 0x10000, OTHER);
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    a = Math.imul(a ^ unit, ONE);
    b = Math.imul(b ^ unit, OTHER);
  }
  high = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  low = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
}

const ONE = 2654435761;
const OTHER = 1597334677;
