import type { Image, Substitute } from './image.ts';
import { ABSENT, FORMAT, RECORD_BYTES, type ImageHeader, type ImageOwner } from './image-layout.ts';
import { ImageReader } from './image-reader.ts';
import type { Entry } from './store.ts';

export function encodeHeader(
  { cluster, revision, entries, substitutes }: Image,
  { prefix, checker }: ImageOwner,
): Buffer {
  const header: ImageHeader = {
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
export function decodeImage(bytes: Buffer, owner: ImageOwner): Image {
  const reader = new ImageReader(bytes, owner);
  const entries: Entry[] = [];
  const needs = new Map<string, readonly string[]>();
  const substitutes: Substitute[] = [];
  for (let i = 0; i < reader.entries; i++) {
    reader.next();
    const { key, text, number: revision } = reader;
    entries.push({ key, value: text ?? '', revision });
    if (!reader.isChecked) continue;
    const lines = reader.needs;
    needs.set(key, lines === '' ? NOTHING : lines.split('\n'));
  }
  for (let i = 0; i < reader.substitutes; i++) {
    reader.next();
    substitutes.push({ key: reader.key, lastGood: reader.text, since: reader.number });
  }
  const { cluster, revision } = reader;
  return { cluster, revision, entries, substitutes, needsOf: (key) => needs.get(key) ?? null };
}

const NOTHING: readonly string[] = [];
