import { readDate } from '../http/read-date.ts';
import type { StoredReply } from '../upstream/reply-cache.ts';

/** The head of a 304 instead of a stored reply that the client has already (RFC 9110 13.2.2, RFC 9111 4.3.2); null: it has not. */
export function notModified(request: { get(lowerName: string): string | null }, reply: StoredReply): Buffer | null {
  const tags = request.get('if-none-match');
  const since = tags === null ? request.get('if-modified-since') : null;
  if ((tags === null && since === null) || reply.status !== 200) return null;
  const lines = reply.head.latin1Slice().split('\r\n');
  const value = (lowerName: string): string | null => {
    const line = lines.find((one) => one.slice(0, one.indexOf(':')).toLowerCase() === lowerName);
    return line === undefined ? null : line.slice(lowerName.length + 1).trim();
  };
  const isSame = tags === null ? isUnchanged(since, value('last-modified')) : isTagged(tags, value('etag'));
  if (!isSame) return null;
  const kept = lines.slice(1).filter((line) => TOLD.has(line.slice(0, line.indexOf(':')).toLowerCase()));
  return Buffer.from(['HTTP/1.1 304 Not Modified', ...kept, '', ''].join('\r\n'), 'latin1');
}

function isUnchanged(since: string | null, modified: string | null): boolean {
  const from = readDate(since);
  const at = readDate(modified);
  return from !== null && at !== null && at <= from;
}

/** Compared weakly (RFC 9110 8.8.3.2). */
function isTagged(tags: string, etag: string | null): boolean {
  if (tags.trim() === '*') return true;
  if (etag === null) return false;
  const wanted = opaque(etag);
  return (tags.match(TAG) ?? []).some((tag) => opaque(tag) === wanted);
}

/** RFC 9110 8.8.3: a tag may have commas in it. */
const TAG = /(?:W\/)?"[^"]*"/g;

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

/** RFC 9110 15.4.5; and what others say about the client's right to read it. */
const TOLD: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-origin',
  'cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
]);
