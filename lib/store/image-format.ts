import { createHash } from 'node:crypto';
import type { Image, Substitute } from './image.ts';
import type { Entry } from './store.ts';

/** An image could not be read or written. The message is for an operator. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/**
 * An image as bytes:
 *
 *     header     one line of JSON: format, prefix, checker, cluster, revision, numbers of entries and substitutes
 *     entries    each: bytes of key (4), of value (4), of needs (4), revision (8, float), key, value, needs, a line each
 *     substitutes   the same, with the time for the revision
 *     checksum   SHA-256 of all that
 *
 * A value or needs of ABSENT bytes are none.
 */
export function encodeHeader(
  { cluster, revision, entries, substitutes }: Image,
  { prefix, checker }: ImageOwner,
): Buffer {
  const header: Header = {
    format: FORMAT,
    prefix,
    checker,
    cluster,
    revision,
    entries: entries.length,
    substitutes: substitutes.length,
  };
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/** Bytes of a record beside its key and its value. */
export const RECORD_BYTES = 20;

/** An entry or a substitute. */
export interface ImageRecord {
  readonly key: string;
  readonly text: string | null;
  /** A line each. */
  readonly needs: string | null;
  /** Revision or time. */
  readonly number: number;
}

export function entryRecord(entry: Entry, needs: readonly string[] | null): ImageRecord {
  const { key, value: text, revision: number } = entry;
  return { key, text, needs: needs === null || needs.some(hasLines) ? null : needs.join('\n'), number };
}

export function substituteRecord({ key, lastGood: text, since: number }: Substitute): ImageRecord {
  return { key, text, needs: null, number };
}

/** Bytes of a whole record. */
export function recordBytes({ key, text, needs }: ImageRecord): number {
  return RECORD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(text ?? '') + Buffer.byteLength(needs ?? '');
}

/** Puts a record into a buffer that has room for it; answers where it ends. */
export function encodeRecord(bytes: Buffer, at: number, { key, text, needs, number }: ImageRecord): number {
  const keyEnd = at + RECORD_BYTES + bytes.write(key, at + RECORD_BYTES, 'utf8');
  const textEnd = keyEnd + bytes.write(text ?? '', keyEnd, 'utf8');
  const end = textEnd + bytes.write(needs ?? '', textEnd, 'utf8');
  bytes.writeUInt32LE(keyEnd - at - RECORD_BYTES, at);
  bytes.writeUInt32LE(text === null ? ABSENT : textEnd - keyEnd, at + 4);
  bytes.writeUInt32LE(needs === null ? ABSENT : end - textEnd, at + 8);
  bytes.writeDoubleLE(number, at + 12);
  return end;
}

/** Of such a name, which no document can have, nobody would know where it ends. */
function hasLines(name: string): boolean {
  return name === '' || name.includes('\n');
}

/** Throws ImageError: damaged, of another format, or of another prefix. */
export function decodeImage(bytes: Buffer, { prefix, checker }: ImageOwner): Image {
  const end = bytes.length - CHECKSUM_BYTES;
  const lineEnd = bytes.indexOf('\n');
  if (end < 0 || lineEnd === -1 || lineEnd >= end) throw new ImageError('is cut short');
  const checksum = createHash('sha256').update(bytes.subarray(0, end)).digest();
  if (!checksum.equals(bytes.subarray(end))) throw new ImageError('is damaged: its checksum does not fit');
  const header: unknown = JSON.parse(bytes.toString('utf8', 0, lineEnd));
  if (!isHeader(header)) throw new ImageError('is of another format');
  if (header.prefix !== prefix) throw new ImageError(`is of ${header.prefix}, not of ${prefix}`);
  const reader = new Reader(bytes, lineEnd + 1, end);
  const entries: Entry[] = [];
  const needs = new Map<string, readonly string[]>();
  const isChecked = header.checker === checker;
  const substitutes: Substitute[] = [];
  for (let i = 0; i < header.entries; i++) {
    const { key, text, needs: lines, number } = reader.record();
    entries.push({ key, value: text ?? '', revision: number });
    if (isChecked && lines !== null) needs.set(key, lines === '' ? NOTHING : lines.split('\n'));
  }
  for (let i = 0; i < header.substitutes; i++) {
    const { key, text, number } = reader.record();
    substitutes.push({ key, lastGood: text, since: number });
  }
  const { cluster, revision } = header;
  return { cluster, revision, entries, substitutes, needsOf: (key) => needs.get(key) ?? null };
}

/** Whose image it is. */
export interface ImageOwner {
  /** Begins every key: an image of another instance is none of ours. */
  readonly prefix: string;
  /** What its entries are checked by: another version of it may not accept what this one did. */
  readonly checker: string;
}

interface Header extends ImageOwner {
  readonly format: string;
  readonly cluster: string;
  readonly revision: number;
  readonly entries: number;
  readonly substitutes: number;
}

const NOTHING: readonly string[] = [];

const FORMAT = 'elb image 2';
const ABSENT = 0xffffffff;
/** At the end of an image. */
export const CHECKSUM_BYTES = 32;

function isHeader(value: unknown): value is Header {
  // The checksum has shown that we wrote it; the format, that it was this version of us.
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT;
}

class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  record(): ImageRecord {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at + RECORD_BYTES > this.#end) throw new ImageError('has fewer records than it says');
    this.#at = at + RECORD_BYTES;
    return {
      key: this.#text(bytes.readUInt32LE(at)) ?? '',
      text: this.#text(bytes.readUInt32LE(at + 4)),
      needs: this.#text(bytes.readUInt32LE(at + 8)),
      number: bytes.readDoubleLE(at + 12),
    };
  }

  #text(length: number): string | null {
    if (length === ABSENT) return null;
    const start = this.#at;
    this.#at = start + length;
    return this.#bytes.toString('utf8', start, this.#at);
  }
}
