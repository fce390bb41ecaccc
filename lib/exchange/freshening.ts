import type { Head, HeadLimits } from '../http/head.ts';
import { Head as ParsedHead } from '../http/head.ts';
import { encodeReply } from '../http/encode-reply.ts';
import { connectionNames } from '../http/hop.ts';
import { parseReplyHead } from '../http/parse-reply.ts';

/**
 * The head of a stored reply of which a server says by `head`, a 304, that it still holds: with what that says anew (RFC 9111 3.2, 4.3.4).
 * What would be too large to be read again stays as it was.
 */
export function freshened(stored: Buffer, head: Head, limits: HeadLimits): ParsedHead {
  const edits = { listed: connectionNames(head), taken: OF_THE_BODY, dropLength: true, lines: '' };
  const news = linesOf(encodeReply(head, edits));
  const names = new Set(news.map(nameOf));
  const [status = '', ...lines] = stored.latin1Slice().split('\r\n').slice(0, -2);
  const kept = lines.filter((line) => !names.has(nameOf(line)));
  const text = [status, ...kept, ...news, '', ''].join('\r\n');
  return parsed(Buffer.from(text, 'latin1'), limits) ?? parsed(stored, limits) ?? new ParsedHead(0);
}

/** Null: it is larger than a head may be. */
export function parsed(bytes: Buffer, limits: HeadLimits): ParsedHead | null {
  const head = new ParsedHead(limits.maxFields);
  return parseReplyHead(head, bytes, 0, bytes.length, limits) === bytes.length ? head : null;
}

/** Without the status line and the empty ones. */
function linesOf(head: string): string[] {
  return head.split('\r\n').slice(1, -2);
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase();
}

/** What describes the bytes that are kept: a reply without any has no say in it. The tag is the one that was asked about. */
const OF_THE_BODY: readonly string[] = ['content-encoding', 'content-range', 'content-type', 'etag'];
