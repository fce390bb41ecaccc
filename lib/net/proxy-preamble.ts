import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoints } from './endpoints.ts';
import { plainAddress } from './endpoints.ts';

/** What a connection through a proxy begins with. */
export interface ProxyPreamble {
  /** Both ends of the client's own connection; null where the proxy speaks for itself or does not know. */
  readonly ends: Endpoints | null;
  /** Offset behind it. */
  readonly end: number;
}

/**
 * Reads a header of the PROXY protocol, version 1 or 2 (HAProxy, "The PROXY protocol", section 2) at bytes[from..to). Answers 0
 * where more is needed, -1 where it is none.
 */
export function readProxyPreamble(bytes: Buffer, from: number, to: number): ProxyPreamble | 0 | -1 {
  const present = Math.min(to - from, SIGNATURE.length);
  if (present === 0) return 0;
  if (bytes.compare(SIGNATURE, 0, present, from, from + present) === 0) {
    return present < SIGNATURE.length ? 0 : readBinary(bytes, from, to);
  }
  return readLine(bytes, from, to);
}

/** Most bytes of a header: a line has at most 107, and of values behind the addresses more than this is nobody's. */
export const MAX_PREAMBLE_BYTES = 4096;

/** Version 1 (section 2.1): `PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n`. */
function readLine(bytes: Buffer, from: number, to: number): ProxyPreamble | 0 | -1 {
  const present = Math.min(to - from, PREFIX.length);
  if (bytes.toString('latin1', from, from + present) !== PREFIX.slice(0, present)) return -1;
  const end = bytes.subarray(from, Math.min(to, from + MAX_LINE_BYTES)).indexOf('\r\n');
  if (end === -1) return to - from >= MAX_LINE_BYTES ? -1 : 0;
  const line = bytes.toString('latin1', from, from + end);
  const at = from + end + 2;
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { ends: null, end: at };
  const [, family, address = '', localAddress = '', port = '', localPort = ''] = LINE.exec(line) ?? [];
  const isFamily = family === '4' ? isIPv4 : isIPv6;
  if (family === undefined || !isFamily(address) || !isFamily(localAddress)) return -1;
  return ended(address, Number(port), localAddress, Number(localPort), at);
}

/** Version 2 (section 2.2). */
function readBinary(bytes: Buffer, from: number, to: number): ProxyPreamble | 0 | -1 {
  if (to - from < BINARY_HEAD) return 0;
  const command = bytes.readUInt8(from + 12);
  const family = bytes.readUInt8(from + 13);
  const length = bytes.readUInt16BE(from + 14);
  if (command >> 4 !== 2 || (command & 15) > PROXY || length > MAX_PREAMBLE_BYTES - BINARY_HEAD) return -1;
  const start = from + BINARY_HEAD;
  const end = start + length;
  if (end > to) return 0;
  const size = family === TCP4 ? 4 : family === TCP6 ? 16 : 0;
  // A check of the proxy's own, or a transport that has no such addresses.
  if ((command & 15) !== PROXY || size === 0) return { ends: null, end };
  if (length < 2 * size + 4) return -1;
  const ports = start + 2 * size;
  const address = addressAt(bytes, start, size);
  const localAddress = addressAt(bytes, start + size, size);
  return ended(address, bytes.readUInt16BE(ports), localAddress, bytes.readUInt16BE(ports + 2), end);
}

function ended(
  address: string,
  port: number,
  localAddress: string,
  localPort: number,
  end: number,
): ProxyPreamble | -1 {
  if (port > 65_535 || localPort > 65_535) return -1;
  return { ends: { address: plainAddress(address), port, localAddress: plainAddress(localAddress), localPort }, end };
}

function addressAt(bytes: Buffer, at: number, size: number): string {
  if (size === 4) return bytes.subarray(at, at + 4).join('.');
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16)).join(':');
  // As RFC 5952 wants it written.
  return new URL(`http://[${words}]`).hostname.slice(1, -1).replace(MAPPED, (_, high: string, low: string) => {
    const value = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
    return `::ffff:${[value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')}`;
  });
}

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const PREFIX = 'PROXY ';
const LINE = /^PROXY TCP([46]) (\S{2,45}) (\S{2,45}) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/;
const MAX_LINE_BYTES = 107;
const BINARY_HEAD = 16;
/** Command: the connection is somebody's; 0 is the proxy's own. */
const PROXY = 1;
/** Family and transport: a stream over IPv4, over IPv6. */
const TCP4 = 0x11;
const TCP6 = 0x21;
