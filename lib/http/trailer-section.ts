import { Fault } from '../core/faults.ts';
import { byteAt } from './bytes.ts';
import { CR, LF } from './chars.ts';
import { Head } from './head.ts';
import { parseFields } from './parse-fields.ts';

/**
 * The field lines behind a chunked body (RFC 9112 7.1.2): gathered, checked by the same rules as a head's, and kept as text
 * to be sent on. A field that frames, routes, authenticates or says how the body is to be read is refused: a reader that
 * merges trailers into the head would see another message than we did (RFC 9110 6.5.1).
 */
export class TrailerSection {
  done = false;
  /** `Name: value` lines, each ended by CRLF. */
  text = '';
  #bytes: Buffer = EMPTY;
  #length = 0;
  /** Bytes since the line began. */
  #column = 0;
  #sawCr = false;

  reset(): void {
    this.done = false;
    this.text = '';
    // A large section was an exception, whose memory is not kept for the next one.
    if (this.#bytes.length > FIRST_BYTES) this.#bytes = EMPTY;
    this.#length = 0;
    this.#column = 0;
    this.#sawCr = false;
  }

  /** Takes bytes up to the end of the empty line; returns the offset behind them, or a fault. */
  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !this.done) {
      const byte = byteAt(bytes, at++);
      if ((byte === LF) !== this.#sawCr) return Fault.BAD_TRAILER;
      if (byte === LF && this.#column === 1) this.done = true;
      this.#column = byte === LF ? 0 : this.#column + 1;
      this.#sawCr = byte === CR;
      if (!this.#keep(byte)) return Fault.BAD_TRAILER;
    }
    return this.done && this.#length > 2 ? this.#check(at) : at;
  }

  #keep(byte: number): boolean {
    if (this.#length === MAX_BYTES) return false;
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length++] = byte;
    return true;
  }

  #grow(): void {
    const wider = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.#bytes.length * 2));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }

  /** All lines are there: `at` if they are good, else a fault. */
  #check(at: number): number {
    SCRATCH.begin(this.#bytes, 0);
    const next = parseFields(SCRATCH, this.#bytes, 0, this.#length, MAX_FIELDS);
    if (next !== this.#length) return Fault.BAD_TRAILER;
    for (let i = 0; i < SCRATCH.count; i++) {
      const name = SCRATCH.name(i);
      if (SCRATCH.known[i] !== 0 || FORBIDDEN.has(name.toLowerCase())) return Fault.BAD_TRAILER;
      this.text += `${name}: ${SCRATCH.value(i)}\r\n`;
    }
    SCRATCH.begin(EMPTY, 0);
    return at;
  }
}

const EMPTY = Buffer.alloc(0);
/** A power of two times the first size. */
const MAX_BYTES = 8192;
const FIRST_BYTES = 128;
const MAX_FIELDS = 32;

/** Holds nothing between two calls. */
const SCRATCH = new Head(MAX_FIELDS);

/** Besides the names of `Known`, on which the proxy itself acts. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'range',
  'set-cookie',
  'www-authenticate',
]);
