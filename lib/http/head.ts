import { isText } from './bytes.ts';

/**
 * One message head, request or reply, as offsets into the bytes it was parsed from.
 *
 * A head is a record to be reused: a parser fills it, nothing is copied, and a field becomes a string only when somebody
 * asks. The offsets are valid as long as `bytes` is: whoever keeps a head beyond the read that brought it copies the bytes
 * first and calls `rebase`.
 *
 *     GET /a?b HTTP/1.1 CRLF Host: a.test CRLF CRLF
 *     ^methodStart  ^targetStart       ^nameStart ^valueStart
 */
export class Head {
  bytes: Buffer = EMPTY;
  /** First byte of the start line and first byte after the empty line. */
  start = 0;
  end = 0;
  /** Minor version: 0 or 1. */
  minor = 1;
  // Request line. For replies all are 0.
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  // Status line. For requests all are 0.
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Number of fields. */
  count = 0;
  /** Four offsets a field: nameStart, nameEnd, valueStart, valueEnd; the value without its outer white space. */
  readonly offsets: Int32Array;
  /** What is known of a field's name: a value of `Known`, 0 for any other name. */
  readonly known: Uint8Array;
  /** Bit `1 << Known.X` is set when such a field is there. */
  seen = 0;
  /** All values are visible ASCII and blanks; false says that one has a tab, or a byte beyond ASCII. */
  isPlain = true;
  // Filled by the framing functions.
  /** A value of `BodyKind`. */
  bodyKind = 0;
  /** Length in bytes for BodyKind.LENGTH, else 0. */
  bodyLength = 0;
  #text: string | null = null;

  constructor(maxFields: number) {
    this.offsets = new Int32Array(maxFields * 4);
    this.known = new Uint8Array(maxFields);
  }

  /** Begins anew, with a head whose first byte is bytes[start]. */
  begin(bytes: Buffer, start: number): void {
    this.bytes = bytes;
    this.start = start;
    this.#text = null;
  }

  /** Its bytes were written down from this text, which then need not be made of them. */
  readFrom(text: string): void {
    this.#text = text;
  }

  /**
   * bytes[from..to) of the head as text, bytes as Latin-1. The head is made text once, when the first part is asked for, and parts
   * are cut out of that: it is cheaper than to make a text of each part (two parts, 230 ns; one part and two cuts, 150 ns).
   * A part holds on to the whole head's text: who keeps it longer than the exchange copies it.
   */
  slice(from: number, to: number): string {
    this.#text ??= this.bytes.latin1Slice(this.start, this.end);
    return this.#text.substring(from - this.start, to - this.start);
  }

  /** The i-th field's name as it was sent. */
  name(i: number): string {
    return this.slice(this.nameStart(i), this.nameEnd(i));
  }

  /** The i-th field's value, outer white space removed, bytes as Latin-1. */
  value(i: number): string {
    return this.slice(this.valueStart(i), this.valueEnd(i));
  }

  /** Offset of the i-th field's value, and of the byte behind it. */
  nameStart(i: number): number {
    return this.offsets[i * 4] as number; // i is below count
  }

  nameEnd(i: number): number {
    return this.offsets[i * 4 + 1] as number; // i is below count
  }

  /** What is known of the i-th field's name: a value of `Known`, or 0. */
  kind(i: number): number {
    return this.known[i] as number; // i is below count
  }

  valueStart(i: number): number {
    return this.offsets[i * 4 + 2] as number; // i is below count
  }

  valueEnd(i: number): number {
    return this.offsets[i * 4 + 3] as number; // i is below count
  }

  /** Index of the first field of a known kind, or -1. */
  find(known: number): number {
    const count = (this.seen & (1 << known)) === 0 ? 0 : this.count;
    for (let i = 0; i < count; i++) if (this.known[i] === known) return i;
    return -1;
  }

  /**
   * All values of a field joined by ", ", or null; cookies by "; ", as servers put them together (RFC 9113 8.2.3). `lowerName` in lower
   * case.
   */
  get(lowerName: string): string | null {
    const { count, offsets, bytes } = this;
    const { length } = lowerName;
    let value: string | null = null;
    for (let i = 0; i < count; i++) {
      const from = offsets[i * 4] as number; // i is below count
      const to = offsets[i * 4 + 1] as number; // as above
      // Most names are of another length.
      if (to - from !== length || !isText(bytes, from, to, lowerName)) continue;
      if (value === null) value = this.value(i);
      else value += (lowerName === 'cookie' ? '; ' : ', ') + this.value(i);
    }
    return value;
  }

  method(): string {
    const { bytes, start } = this;
    // The usual one costs no string: G, E, T.
    if (this.methodEnd - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54)
      return 'GET';
    return this.slice(this.start, this.methodEnd);
  }

  target(): string {
    return this.slice(this.targetStart, this.targetEnd);
  }

  reason(): string {
    return this.slice(this.reasonStart, this.reasonEnd);
  }

  /** A head of its own with bytes of its own, for whoever needs it beyond the present turn. */
  copy(): Head {
    const head = new Head(Math.max(this.count, 1));
    const bytes = Buffer.from(this.bytes.subarray(this.start, this.end));
    head.begin(this.bytes, this.start);
    head.end = this.end;
    head.minor = this.minor;
    head.methodEnd = this.methodEnd;
    head.targetStart = this.targetStart;
    head.targetEnd = this.targetEnd;
    head.status = this.status;
    head.reasonStart = this.reasonStart;
    head.reasonEnd = this.reasonEnd;
    head.count = this.count;
    head.offsets.set(this.offsets.subarray(0, this.count * 4));
    head.known.set(this.known.subarray(0, this.count));
    head.seen = this.seen;
    head.isPlain = this.isPlain;
    head.bodyKind = this.bodyKind;
    head.bodyLength = this.bodyLength;
    head.rebase(bytes, 0);
    return head;
  }

  /** The same head after its bytes were copied: `bytes[start]` there is the first byte of the start line. */
  rebase(bytes: Buffer, start: number): void {
    const by = start - this.start;
    this.bytes = bytes;
    this.start += by;
    this.end += by;
    this.methodEnd += by;
    this.targetStart += by;
    this.targetEnd += by;
    this.reasonStart += by;
    this.reasonEnd += by;
    const last = this.count * 4;
    for (let i = 0; i < last; i++) this.offsets[i] = (this.offsets[i] as number) + by; // it has four for each field
  }
}

const EMPTY = Buffer.alloc(0);

/** Names the proxy itself acts on. Bits of `Head.seen`, so there may be 31 of them. */
export const Known = {
  HOST: 1,
  CONNECTION: 2,
  CONTENT_LENGTH: 3,
  TRANSFER_ENCODING: 4,
  EXPECT: 5,
  UPGRADE: 6,
  KEEP_ALIVE: 7,
  PROXY_CONNECTION: 8,
  TE: 9,
  TRAILER: 10,
  USER_AGENT: 11,
  X_REAL_IP: 12,
  X_FORWARDED_FOR: 13,
  X_FORWARDED_PROTO: 14,
  X_FORWARDED_HOST: 15,
  REMOTE_HOST: 16,
  FORWARDED: 17,
  VIA: 18,
  MAX_FORWARDS: 19,
  PROXY_AUTHENTICATE: 20,
  PROXY_AUTHORIZATION: 21,
  DATE: 22,
} as const;

/** How a message's body ends (RFC 9112 6.3); `CLOSE`: with its connection, or with its stream. */
export const BodyKind = { NONE: 0, LENGTH: 1, CHUNKED: 2, CLOSE: 3 } as const;

/** Bounds of a head. Bytes count from the first byte of the start line to the end of the empty line. */
export interface HeadLimits {
  readonly maxHeadBytes: number;
  readonly maxFields: number;
}
