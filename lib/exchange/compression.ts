import type { KnownReply } from '../routing/late-text.ts';
import { keptLines } from '../routing/reply-edit.ts';
import type { Coding, CompressionOptions } from '../upstream/options/compression.ts';

/** A reply's head as it is to be passed on: what is left out of the server's, in lower case, and whole lines that are put in. */
export interface HeadChange {
  readonly taken: readonly string[] | null;
  readonly lines: string;
}

/** A reply's head after a change. */
export class ChangedReply implements KnownReply {
  readonly status: number;
  readonly #head: KnownReply;
  readonly #change: HeadChange;

  constructor(head: KnownReply, change: HeadChange) {
    this.status = head.status;
    this.#head = head;
    this.#change = change;
  }

  get(lowerName: string): string | null {
    const { taken, lines } = this.#change;
    const own = taken?.includes(lowerName) === true ? null : this.#head.get(lowerName);
    let all = own;
    for (const line of lines.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon !== lowerName.length || line.slice(0, colon).toLowerCase() !== lowerName) continue;
      const value = line.slice(colon + 1).trim();
      all = all === null ? value : `${all}, ${value}`;
    }
    return all;
  }
}

/** Whether a reply is one that is compressed for clients who accept that, as the rest of its head has it. */
export function isCompressible(reply: KnownReply, { types, minLength }: CompressionOptions): boolean {
  const { status } = reply;
  if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
  const length = reply.get('content-length');
  if (length !== null && !(Number(length) >= minLength)) return false;
  const type = reply.get('content-type');
  if (type === null || !hasType(types, type)) return false;
  if (reply.get('content-encoding') !== null || reply.get('content-range') !== null) return false;
  return !hasDirective(reply.get('cache-control'), 'no-transform');
}

/** The change to a head whose body is compressed (`coding`), or would be for a client that accepts it (null). */
export function compressedHead(reply: KnownReply, change: HeadChange, coding: Coding | null): HeadChange {
  const vary = reply.get('vary');
  const varies = vary !== null && listOf(vary).some((name) => name === '*' || name === 'accept-encoding');
  const lines = varies ? change.lines : `${change.lines}Vary: Accept-Encoding\r\n`;
  if (coding === null) return { taken: change.taken, lines };
  const etag = reply.get('etag');
  // Another body is another representation, but the same for whoever compares weakly (RFC 9110 8.8.1).
  const tag = etag === null ? '' : `ETag: ${etag.startsWith('"') ? 'W/' : ''}${etag}\r\n`;
  return {
    taken: [...(change.taken ?? []), ...OF_THE_BYTES],
    lines: `${keptLines(lines, OF_THE_BYTES)}Content-Encoding: ${coding}\r\n${tag}`,
  };
}

/**
 * The change to the head of a 304 for a client who knows the reply by a weak tag, perhaps because it was compressed here: its tag stays weak,
 * as the reply's would be (RFC 9110 15.4.5). With a strong one the client could ask for the rest of other bytes.
 */
export function weakenedHead(reply: KnownReply, change: HeadChange): HeadChange {
  const etag = reply.get('etag');
  if (etag?.startsWith('"') !== true) return change;
  const { taken, lines } = compressedHead(reply, change, null);
  return { taken: [...(taken ?? []), 'etag'], lines: `${keptLines(lines, ['etag'])}ETag: W/${etag}\r\n` };
}

/** Whether a comma-separated list of directives (RFC 9111 5.2) has one of this name. */
export function hasDirective(field: string | null, name: string): boolean {
  return field !== null && listOf(field).some((directive) => directive === name);
}

function listOf(field: string): string[] {
  return field.split(',').map((item) => item.trim().toLowerCase());
}

function hasType(types: ReadonlySet<string>, field: string): boolean {
  const semicolon = field.indexOf(';');
  const type = (semicolon === -1 ? field : field.slice(0, semicolon)).trim().toLowerCase();
  // What is in it is compressed by itself, message by message.
  if (type.startsWith('application/grpc')) return false;
  if (types.has(type) || types.has('*')) return true;
  return types.has(`${type.slice(0, type.indexOf('/'))}/*`);
}

/** Fields that are true of the bytes before: their length, ranges, digests, tag. */
const OF_THE_BYTES: readonly string[] = [
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'etag',
  'repr-digest',
];
