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
 *     entries    each: bytes of key (4), bytes of value (4), revision (8, float), key, value
 *     substitutes   the same, with the time for the revision; a value of ABSENT bytes is none
 *     checksum   SHA-256 of all that
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
export const RECORD_BYTES = 16;

/** Bytes of a whole record. */
export function recordBytes(key: string, text: string | null): number {
  return RECORD_BYTES + Buffer.byteLength(key) + (text === null ? 0 : Buffer.byteLength(text));
}

/** Puts a record into a buffer that has room for it; answers where it ends. */
export function encodeRecord(bytes: Buffer, at: number, key: string, text: string | null, number: number): number {
  const keyEnd = at + RECORD_BYTES + bytes.write(key, at + RECORD_BYTES, 'utf8');
  const end = keyEnd + (text === null ? 0 : bytes.write(text, keyEnd, 'utf8'));
  bytes.writeUInt32LE(keyEnd - at - RECORD_BYTES, at);
  bytes.writeUInt32LE(text === null ? ABSENT : end - keyEnd, at + 4);
  bytes.writeDoubleLE(number, at + 8);
  return end;
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
  const substitutes: Substitute[] = [];
  for (let i = 0; i < header.entries; i++) {
    const { key, text, number } = reader.record();
    entries.push({ key, value: text ?? '', revision: number });
  }
  for (let i = 0; i < header.substitutes; i++) {
    const { key, text, number } = reader.record();
    substitutes.push({ key, lastGood: text, since: number });
  }
  const isChecked = header.checker === checker;
  return { cluster: header.cluster, revision: header.revision, entries, substitutes, isChecked };
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

const FORMAT = 'elb image 1';
const ABSENT = 0xffffffff;
const CHECKSUM_BYTES = 32;

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

  record(): { readonly key: string; readonly text: string | null; readonly number: number } {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at + RECORD_BYTES > this.#end) throw new ImageError('has fewer records than it says');
    const keyEnd = at + RECORD_BYTES + bytes.readUInt32LE(at);
    const textBytes = bytes.readUInt32LE(at + 4);
    this.#at = keyEnd + (textBytes === ABSENT ? 0 : textBytes);
    return {
      key: bytes.toString('utf8', at + RECORD_BYTES, keyEnd),
      text: textBytes === ABSENT ? null : bytes.toString('utf8', keyEnd, this.#at),
      number: bytes.readDoubleLE(at + 8),
    };
  }
}
