/** Where a key and its value are in the bytes of a message. */
export interface KeyValue {
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
  revision: number;
}

/** What a member says of itself with every answer. */
export interface Header {
  revision: number;
  /** The cluster's id: decimal digits. */
  cluster: string;
}

/** Reads a `ResponseHeader` (etcd, `rpc.proto`). */
export function readHeader(fields: Fields, header: Header): void {
  while (fields.next()) {
    if (fields.tag === CLUSTER_ID) header.cluster = fields.digits();
    else if (fields.tag === REVISION) header.revision = fields.number();
    else fields.skip();
  }
}

/** Reads a `KeyValue` (etcd, `kv.proto`). */
export function readKeyValue(fields: Fields): KeyValue {
  const found = { keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, revision: 0 };
  while (fields.next()) {
    if (fields.tag === KEY) {
      found.keyEnd = fields.end();
      found.keyStart = fields.at;
      fields.at = found.keyEnd;
    } else if (fields.tag === VALUE) {
      found.valueEnd = fields.end();
      found.valueStart = fields.at;
      fields.at = found.valueEnd;
    } else if (fields.tag === MOD_REVISION) found.revision = fields.number();
    else fields.skip();
  }
  return found;
}

/**
 * The fields of one message of etcd, one after the other (Protocol Buffers, "Encoding"). Throws RangeError for what is cut short.
 */
export class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;
  /** Number and wire type of the field. */
  tag = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** False: there is none left. */
  next(): boolean {
    if (this.at >= this.#end) return false;
    this.tag = this.number();
    return true;
  }

  /** Exact up to 2^53. */
  number(): number {
    let value = 0;
    for (let times = 1; ; times *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * times;
      if (byte < 0x80) return value;
    }
  }

  /** A number of up to 64 bits, in decimal. */
  digits(): string {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value).toString();
    }
  }

  /** Reads the length of what begins at `at` then; answers where it ends. */
  end(): number {
    const length = this.number();
    const end = this.at + length;
    if (end > this.#end) throw new RangeError('a message of etcd is cut short');
    return end;
  }

  text(): string {
    const end = this.end();
    const start = this.at;
    this.at = end;
    return this.#bytes.toString('utf8', start, end);
  }

  /** A message in this one, which is passed over. */
  inner(): Fields {
    const end = this.end();
    const inner = new Fields(this.#bytes, this.at, end);
    this.at = end;
    return inner;
  }

  skip(): void {
    const wireType = this.tag & 7;
    if (wireType === VARINT) this.number();
    else if (wireType === LENGTH_DELIMITED) this.at = this.end();
    else if (wireType === FIXED_64) this.at += 8;
    else if (wireType === FIXED_32) this.at += 4;
    else throw new RangeError(`a message of etcd has a field of wire type ${wireType}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined || this.at > this.#end) throw new RangeError('a message of etcd is cut short');
    return byte;
  }
}

export const VARINT = 0;
const FIXED_64 = 1;
export const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** The tag of a field. */
export const tagOf = (field: number, wireType: number): number => field * 8 + wireType;

/** Of `ResponseHeader`. */
const CLUSTER_ID = tagOf(1, VARINT);
const REVISION = tagOf(3, VARINT);
/** Of `KeyValue`. */
const KEY = tagOf(1, LENGTH_DELIMITED);
const MOD_REVISION = tagOf(3, VARINT);
const VALUE = tagOf(5, LENGTH_DELIMITED);
