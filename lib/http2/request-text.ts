import { randomBytes } from 'node:crypto';
import { Fault } from '../core/faults.ts';

/** A request of HTTP/2 in the form of HTTP/1.1: its head, and what of it has no place there. */
export interface RequestText {
  /** Up to and with the empty line, or a fault. */
  readonly head: string | number;
  /**
   * Where it asks for a tunnel (RFC 8441 4), which the head does with `Upgrade`: the `Sec-WebSocket-Key` that HTTP/2 has no use for and
   * servers of HTTP/1.1 want (5.1). Else empty.
   */
  readonly key: string;
}

/**
 * The head of a request that came as a list of fields, names and values in turn (RFC 9113 8.3.1), to be parsed as that of every other
 * request is. What could be read in two ways once it stands on lines is refused here or there, never repaired: a target that
 * is no path, a second authority, a field about the connection (8.2.2).
 */
export function requestText(fields: readonly string[]): RequestText {
  const pseudo = readPseudo(fields);
  if (typeof pseudo === 'number') return { head: pseudo, key: '' };
  const { method, path, protocol } = pseudo;
  const rest = readRest(fields, pseudo);
  if (typeof rest === 'number') return { head: rest, key: '' };
  const { lines, host } = rest;
  if (!PATH.test(path) || (path === '*' && method !== 'OPTIONS')) return { head: Fault.BAD_TARGET, key: '' };
  if (host === '') return { head: Fault.NO_HOST, key: '' };
  // Its own parts must not end the line that they stand on.
  if (!WORD.test(method) || !WORD.test(host)) return { head: Fault.BAD_PSEUDO_FIELD, key: '' };
  const start = `${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}`;
  if (protocol === '') return { head: `${method} ${start}\r\n`, key: '' };
  const key = randomBytes(16).toString('base64');
  const asks = `Connection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: ${key}\r\n`;
  return { head: `GET ${start}${asks}\r\n`, key };
}

interface Pseudo {
  method: string;
  authority: string;
  path: string;
  scheme: string;
  protocol: string;
  /** Of the pseudo-fields, which all come first. */
  count: number;
}

/** The pseudo-fields, each once and none that a request has not, or a fault. */
function readPseudo(fields: readonly string[]): Pseudo | number {
  const pseudo: Pseudo = { method: '', authority: '', path: '', scheme: '', protocol: '', count: 0 };
  let seen = 0;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (!name.startsWith(':')) break;
    const known = PSEUDO.get(name);
    const value = fields[i + 1] ?? '';
    if (known === undefined || value === '' || (seen & (1 << known.bit)) !== 0) return Fault.BAD_PSEUDO_FIELD;
    seen |= 1 << known.bit;
    pseudo[known.key] = value;
    pseudo.count++;
  }
  const { method, scheme, protocol } = pseudo;
  if (method === 'CONNECT' && protocol === '') return Fault.METHOD_NOT_ALLOWED;
  if (protocol !== '' && (method !== 'CONNECT' || protocol !== 'websocket')) return Fault.BAD_PSEUDO_FIELD;
  return method === '' || (scheme !== 'http' && scheme !== 'https') ? Fault.BAD_PSEUDO_FIELD : pseudo;
}

/** All other fields as lines, Host left out, cookies put together again (RFC 9113 8.2.3); or a fault. */
function readRest(fields: readonly string[], { count, authority, protocol }: Pseudo): Rest | number {
  let lines = '';
  let cookie = '';
  let host = authority;
  for (let i = count * 2; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name === 'cookie') cookie += cookie === '' ? value : `; ${value}`;
    else if (name === 'host') {
      if (host !== '' && host.toLowerCase() !== value.toLowerCase()) return Fault.BAD_PSEUDO_FIELD;
      host = value;
    } else if (protocol !== '' && name === 'content-length') return Fault.BAD_H2_FIELD;
    else if (protocol !== '' && name === 'sec-websocket-key') continue;
    else if (FORBIDDEN.has(name) || (name === 'te' && value !== 'trailers')) return Fault.BAD_H2_FIELD;
    else if (!isSound(name, value)) return Fault.BAD_H2_FIELD;
    else lines += `${name}: ${value}\r\n`;
  }
  if (cookie !== '') lines += `cookie: ${cookie}\r\n`;
  return isSound('cookie', cookie) ? { lines, host } : Fault.BAD_H2_FIELD;
}

interface Rest {
  readonly lines: string;
  readonly host: string;
}

/**
 * Whether a field says the same on a line (RFC 9113 8.2.1): the parser refuses what no line can hold, but a line has no upper or lower
 * case, no outer white space and more than one end.
 */
export function isSound(name: string, value: string): boolean {
  if (!NAME.test(name) || isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false;
  // Three searches cost less than a pattern that looks for all of them.
  return !value.includes('\r') && !value.includes('\n') && !value.includes('\0');
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const WORD = /^\S+$/;
/** Of the origin form; what else it may have is for the parser to say. */
const PATH = /^(?:\/\S*|\*)$/;

const PSEUDO: ReadonlyMap<string, { readonly bit: number; readonly key: Exclude<keyof Pseudo, 'count'> }> = new Map([
  [':method', { bit: 0, key: 'method' }],
  [':authority', { bit: 1, key: 'authority' }],
  [':path', { bit: 2, key: 'path' }],
  [':scheme', { bit: 3, key: 'scheme' }],
  [':protocol', { bit: 4, key: 'protocol' }],
]);

/** About a connection, which a stream is not (RFC 9113 8.2.2). */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
