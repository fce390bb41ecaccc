/** What a client says before TLS begins, as far as something is decided by it. */
export interface ClientHello {
  /** The name it asks for (SNI), in lower case and without a last dot; empty where there is none, or none that can be a host. */
  readonly serverName: string;
  /** The protocols it offers (ALPN), in its order. */
  readonly protocols: readonly string[];
}

/** Alerts that end a handshake (RFC 8446 6). */
export const Alert = {
  UNEXPECTED_MESSAGE: 10,
  RECORD_OVERFLOW: 22,
  DECODE_ERROR: 50,
  INTERNAL_ERROR: 80,
  UNRECOGNIZED_NAME: 112,
} as const;

/** A fatal alert as a record of its own (RFC 8446 5.1, 6), as text whose characters are bytes. */
export function alertRecord(alert: number): string {
  return `\x15\x03\x01\0\x02\x02${String.fromCharCode(alert)}`;
}

/** Most bytes of a ClientHello with its records: several times what browsers send, with keys of the post-quantum kind. */
export const MAX_HELLO_BYTES = 16_384;

/**
 * Reads the ClientHello at bytes[from..to) (RFC 8446 4.1.2, 5.1), which may lie in several records. Answers 0 where more is
 * needed and a negated alert where it is none; what is behind it is not looked at, nor what only OpenSSL needs to understand.
 */
export function readClientHello(bytes: Buffer, from: number, to: number): ClientHello | number {
  const message = handshakeMessage(bytes, from, to);
  if (typeof message === 'number') return message;
  const reader = new Reader(message);
  reader.skip(2 + 32); // legacy_version, random
  reader.skip(reader.uint8()); // legacy_session_id
  reader.skip(reader.uint16()); // cipher_suites
  reader.skip(reader.uint8()); // legacy_compression_methods
  let serverName = '';
  let protocols: readonly string[] = [];
  const end = reader.at === message.length ? reader.at : reader.uint16() + reader.at;
  while (reader.isGood && reader.at < end) {
    const type = reader.uint16();
    const length = reader.uint16();
    const next = reader.at + length;
    if (next > end) return -Alert.DECODE_ERROR;
    if (type === SERVER_NAME) serverName = readServerName(reader, next);
    else if (type === ALPN) protocols = readProtocols(reader, next);
    if (reader.at > next) return -Alert.DECODE_ERROR;
    reader.at = next;
  }
  return reader.isGood && end === message.length ? { serverName, protocols } : -Alert.DECODE_ERROR;
}

/** The body of the first handshake message, out of its records. */
function handshakeMessage(bytes: Buffer, from: number, to: number): Buffer | number {
  let body: Buffer | null = null;
  let at = from;
  for (;;) {
    if (to - at < RECORD_HEAD) return incomplete(bytes, at, to, from);
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) return -Alert.UNEXPECTED_MESSAGE;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return -Alert.RECORD_OVERFLOW;
    const end = at + RECORD_HEAD + length;
    const fragment = bytes.subarray(at + RECORD_HEAD, Math.min(end, to));
    body = body === null ? fragment : Buffer.concat([body, fragment]);
    if (body.length > 0 && body[0] !== CLIENT_HELLO) return -Alert.UNEXPECTED_MESSAGE;
    if (body.length >= MESSAGE_HEAD) {
      const size = body.readUIntBE(1, 3);
      if (size > MAX_HELLO_BYTES - MESSAGE_HEAD - RECORD_HEAD) return -Alert.RECORD_OVERFLOW;
      if (body.length >= MESSAGE_HEAD + size) return body.subarray(MESSAGE_HEAD, MESSAGE_HEAD + size);
    }
    if (end > to) return incomplete(bytes, at, to, from);
    at = end;
  }
}

/** More is needed, unless what is there is too much already or cannot be the beginning of a record. */
function incomplete(bytes: Buffer, at: number, to: number, from: number): number {
  if (to - from >= MAX_HELLO_BYTES) return -Alert.RECORD_OVERFLOW;
  const isOdd = (to > at && bytes[at] !== HANDSHAKE) || (to > at + 1 && bytes[at + 1] !== 3);
  return isOdd ? -Alert.UNEXPECTED_MESSAGE : 0;
}

/** RFC 6066 3: a list of names, of which `host_name` is the only kind. */
function readServerName(reader: Reader, end: number): string {
  reader.uint16();
  if (reader.uint8() !== HOST_NAME) return '';
  const name = reader.text(reader.uint16(), end).toLowerCase();
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  return HOST.test(bare) ? bare : '';
}

/** RFC 7301 3.1. */
function readProtocols(reader: Reader, end: number): readonly string[] {
  reader.uint16();
  const protocols: string[] = [];
  while (reader.isGood && reader.at < end) protocols.push(reader.text(reader.uint8(), end));
  return protocols;
}

/** Reads numbers and texts one behind the other; past the end everything is 0 or empty, and `isGood` false. */
class Reader {
  at = 0;
  isGood = true;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.#bytes.length) this.isGood = false;
  }

  uint8(): number {
    this.skip(1);
    return this.isGood ? this.#bytes.readUInt8(this.at - 1) : 0;
  }

  uint16(): number {
    this.skip(2);
    return this.isGood ? this.#bytes.readUInt16BE(this.at - 2) : 0;
  }

  text(bytes: number, end: number): string {
    this.skip(bytes);
    if (this.at > end) this.isGood = false;
    return this.isGood ? this.#bytes.toString('latin1', this.at - bytes, this.at) : '';
  }
}

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEAD = 5;
const MESSAGE_HEAD = 4;
/** Of plain text (RFC 8446 5.1). */
const MAX_RECORD_BYTES = 16_384;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
/** Letters, digits, hyphens and underscores, as domains have them; a name is looked up, never matched. */
const HOST = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,126}$/;
