import type { Image, ImageNews, Substitute } from './image.ts';
import {
  ABSENT,
  CHECKSUM_BYTES,
  FORMAT,
  FRAME_BYTES,
  RECORD_BYTES,
  type ImageHeader,
  type ImageOwner,
} from './image-layout.ts';
import { ImageReader } from './image-reader.ts';
import type { Change, Entry } from './store.ts';

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

/** `bytes`: of the whole frame. */
export function encodeFrameHead({ revision, changes, substitutes }: ImageNews, bytes: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_BYTES);
  head.writeUInt32LE(bytes - CHECKSUM_BYTES, 0);
  head.writeDoubleLE(revision, 4);
  head.writeUInt32LE(changes.length, 12);
  head.writeUInt32LE(substitutes?.length ?? ABSENT, 16);
  return head;
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

/** In their order in a file; one after the other, as there may be many. */
export function* recordsOf({ entries, substitutes, needsOf }: Image): Generator<ImageRecord> {
  for (const entry of entries) yield entryRecord(entry, needsOf(entry.key, entry.value));
  for (const substitute of substitutes) yield substituteRecord(substitute);
}

export function newsRecords({ changes, substitutes, needsOf }: ImageNews): readonly ImageRecord[] {
  const entries = changes.map((change) => {
    const { key, value } = change;
    return entryRecord(change, value === null ? null : needsOf(key, value));
  });
  return substitutes === null ? entries : [...entries, ...substitutes.map(substituteRecord)];
}

/** Bytes of the frame that holds them. */
export function frameBytes(records: readonly ImageRecord[]): number {
  return records.reduce((bytes, record) => bytes + recordBytes(record), FRAME_BYTES + CHECKSUM_BYTES);
}

function entryRecord({ key, value: text, revision: number }: Change, needs: readonly string[] | null): ImageRecord {
  return { key, text, needs: needs === null || needs.some(hasLines) ? null : needs.join('\n'), number };
}

function substituteRecord({ key, lastGood: text, since: number }: Substitute): ImageRecord {
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
  while (reader.nextEntry()) {
    const { key, text, number: revision } = reader;
    entries.push({ key, value: text ?? '', revision });
    if (!reader.isChecked) continue;
    const lines = reader.needs;
    needs.set(key, lines === '' ? NOTHING : lines.split('\n'));
  }
  while (reader.nextSubstitute()) {
    substitutes.push({ key: reader.key, lastGood: reader.text, since: reader.number });
  }
  const { cluster, revision, isDamaged } = reader;
  const needsOf = (key: string): readonly string[] | null => needs.get(key) ?? null;
  return { cluster, revision, entries, substitutes, needsOf, ...(isDamaged && { isDamaged }) };
}

const NOTHING: readonly string[] = [];
