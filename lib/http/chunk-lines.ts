import { Fault } from '../core/faults.ts';
import { byteAt } from './bytes.ts';
import { BACKSLASH, CR, DQUOTE, EQUALS, hexOf, LF, QUOTED, SEMICOLON, TOKEN, VALUE } from './chars.ts';
import { TrailerSection } from './trailer-section.ts';

/** What the next byte may be. */
const State = {
  /** The first digit of a chunk's size. */
  SIZE: 0,
  MORE_SIZE: 1,
  /** chunk-ext = *( ";" chunk-ext-name [ "=" chunk-ext-val ] ) */
  EXT_NAME: 2,
  MORE_EXT_NAME: 3,
  EXT_VALUE: 4,
  MORE_EXT_VALUE: 5,
  QUOTED: 6,
  ESCAPED: 7,
  AFTER_QUOTED: 8,
  SIZE_LF: 9,
  /** The size is known and waits to be taken; the data follows. */
  DATA: 10,
  DATA_CR: 11,
  DATA_LF: 12,
  TRAILERS: 13,
  DONE: 14,
} as const;

/**
 * What stands between the data of a chunked body (RFC 9112 7.1): sizes, extensions, line ends, trailers.
 *
 * Lines end with CR LF only. A size is hexadecimal digits, at most 16 and at most 2^53 - 1. Extensions are dropped; they must
 * be of their ABNF without its bad white space, and all of a body's have 4096 bytes (CVE-2024-22019, CVE-2023-39326,
 * CVE-2025-55315).
 */
export class ChunkLines {
  #state: number = State.SIZE;
  #size = 0;
  #digits = 0;
  #extBytes = 0;
  /** Made for the first trailer. */
  #trailers: TrailerSection | null = null;

  reset(): void {
    this.#state = State.SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#extBytes = 0;
    this.#trailers?.reset();
  }

  get done(): boolean {
    return this.#state === State.DONE;
  }

  get trailers(): string {
    return this.#trailers?.text ?? '';
  }

  /** Size of the chunk whose data comes next, 0 if none does yet; the data is then expected to have been skipped. */
  takeSize(): number {
    if (this.#state !== State.DATA) return 0;
    this.#state = State.DATA_CR;
    return this.#size;
  }

  /** Takes bytes up to the first of a chunk's data or to the end of the body; returns the offset behind them, or a fault. */
  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (this.#state === State.TRAILERS) {
        this.#trailers ??= new TrailerSection();
        at = this.#trailers.read(bytes, at, to);
        if (at > 0 && this.#trailers.done) this.#state = State.DONE;
        return at;
      }
      const fault = this.#step(byteAt(bytes, at));
      if (fault !== 0) return fault;
      at++;
      if (this.#state === State.DATA) return at;
    }
    return at;
  }

  #step(byte: number): number {
    switch (this.#state) {
      case State.SIZE:
        this.#size = 0;
        this.#digits = 0;
        return this.#addDigit(byte);
      case State.MORE_SIZE:
        return hexOf(byte) > 15 ? this.#endElement(byte) : this.#addDigit(byte);
      case State.DATA_CR:
        this.#state = State.DATA_LF;
        return byte === CR ? 0 : Fault.BAD_CHUNK;
      case State.DATA_LF:
        this.#state = State.SIZE;
        return byte === LF ? 0 : Fault.BAD_CHUNK;
      case State.SIZE_LF:
        this.#state = this.#size === 0 ? State.TRAILERS : State.DATA;
        return byte === LF ? 0 : Fault.BAD_CHUNK;
      default:
        return ++this.#extBytes > MAX_EXT_BYTES ? Fault.BAD_CHUNK : this.#stepExtension(byte);
    }
  }

  #addDigit(byte: number): number {
    const digit = hexOf(byte);
    if (digit > 15 || ++this.#digits > MAX_DIGITS) return Fault.BAD_CHUNK;
    this.#size = this.#size * 16 + digit;
    this.#state = State.MORE_SIZE;
    return this.#size > Number.MAX_SAFE_INTEGER ? Fault.BAD_CHUNK : 0;
  }

  #stepExtension(byte: number): number {
    switch (this.#state) {
      case State.EXT_NAME:
        this.#state = State.MORE_EXT_NAME;
        return TOKEN[byte] === 1 ? 0 : Fault.BAD_CHUNK;
      case State.MORE_EXT_NAME:
        if (TOKEN[byte] === 1) return 0;
        if (byte !== EQUALS) return this.#endElement(byte);
        this.#state = State.EXT_VALUE;
        return 0;
      case State.EXT_VALUE:
        this.#state = byte === DQUOTE ? State.QUOTED : State.MORE_EXT_VALUE;
        return byte === DQUOTE || TOKEN[byte] === 1 ? 0 : Fault.BAD_CHUNK;
      case State.MORE_EXT_VALUE:
        return TOKEN[byte] === 1 ? 0 : this.#endElement(byte);
      case State.QUOTED:
        if (byte === DQUOTE) this.#state = State.AFTER_QUOTED;
        else if (byte === BACKSLASH) this.#state = State.ESCAPED;
        else if (QUOTED[byte] !== 1) return Fault.BAD_CHUNK;
        return 0;
      case State.ESCAPED:
        this.#state = State.QUOTED;
        return VALUE[byte] === 1 ? 0 : Fault.BAD_CHUNK;
      default:
        return this.#endElement(byte);
    }
  }

  /** Behind a size or an extension: another extension, or the end of the line. */
  #endElement(byte: number): number {
    if (byte === CR) this.#state = State.SIZE_LF;
    else if (byte === SEMICOLON) this.#state = State.EXT_NAME;
    else return Fault.BAD_CHUNK;
    return 0;
  }
}

/** 14 digits are enough for 2^53; two more for those who fill up with zeros. */
const MAX_DIGITS = 16;
const MAX_EXT_BYTES = 4096;
