import type { IncomingMessage } from 'node:http';
import { namedTwice } from '../lib/core/json.ts';
import { pointer } from './resource.ts';

/** Why a body cannot be used. */
export interface BadBody {
  readonly status: 400 | 413;
  readonly msg: string;
  /** JSON pointer to the place, or an empty string. */
  readonly at: string;
}

export type BodyResult =
  { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'bad'; readonly bad: BadBody };

/** 50 MB, the predecessor's bound. */
export const MAX_BODY_BYTES = 50 * 1024 * 1024;

/** Reads a request's body as JSON. */
export async function readJson(request: IncomingMessage, maxBytes: number = MAX_BODY_BYTES): Promise<BodyResult> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    // A request without `setEncoding` yields buffers.
    const chunk = part as Buffer;
    bytes += chunk.length;
    if (bytes > maxBytes) return tooLarge(maxBytes);
    parts.push(chunk);
  }
  return bytes === 0 ? refused('no body') : parseJson(Buffer.concat(parts, bytes));
}

/** One JSON text in UTF-8 (RFC 8259) in which no object names a member twice. */
export function parseJson(bytes: Uint8Array): BodyResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refused('bad JSON: not UTF-8');
  }
  if (text.trim() === '') return refused('no body');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refused(`bad JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const twice = namedTwice(text);
  return twice === null ? { kind: 'json', value } : refused('bad JSON: a name occurs twice', pointer(...twice.path));
}

function refused(msg: string, at = ''): BodyResult {
  return { kind: 'bad', bad: { status: 400, msg, at } };
}

function tooLarge(maxBytes: number): BodyResult {
  return { kind: 'bad', bad: { status: 413, msg: `body is larger than ${String(maxBytes)} bytes`, at: '' } };
}
