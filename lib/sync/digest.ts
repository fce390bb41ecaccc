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
  high = 0xdeadbeef;
  low = 0x41c6ce57;
  take(key);
  // No character of a key can be mistaken for where the value begins.
  takeUnit(0x10000);
  take(value);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
}

function take(text: string): void {
  for (let i = 0; i < text.length; i++) takeUnit(text.charCodeAt(i));
}

function takeUnit(unit: number): void {
  high = Math.imul(high ^ unit, 2654435761);
  low = Math.imul(low ^ unit, 1597334677);
}
