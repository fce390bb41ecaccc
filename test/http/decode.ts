import { faultOf } from '../../lib/core/faults.ts';
import { BodyReader } from '../../lib/http/body-reader.ts';
import { frameReply, frameRequest } from '../../lib/http/framing.ts';
import { BodyKind, Head } from '../../lib/http/head.ts';
import { wantsUpgrade } from '../../lib/http/hop.ts';
import { parseReplyHead } from '../../lib/http/parse-reply.ts';
import { parseRequestHead } from '../../lib/http/parse-request.ts';
import { replyPersists, requestPersists } from '../../lib/http/persist.ts';
import { readTarget, Target } from '../../lib/http/target.ts';

export const LIMITS = { maxHeadBytes: 65536, maxFields: 128, maxBodyBytes: 1_000_000 };

/** Facts about a message by name. `result` is `message`, `more`, or the name of a fault, then the only fact. */
export type Outcome = Readonly<Record<string, string>>;

/** Reads one request from bytes that arrive in pieces, as a connection does. */
export function decodeRequest(pieces: readonly Buffer[], limits = LIMITS): Outcome {
  const head = new Head(limits.maxFields);
  const target = new Target();
  return decode(pieces, {
    head,
    parse: (bytes, to) => parseRequestHead(head, bytes, 0, to, limits),
    frame: () => frameRequest(head, limits.maxBodyBytes) || readTarget(head, target),
    facts: () => ({
      method: head.method(),
      host: target.host,
      port: target.port,
      authority: target.authority,
      path: target.path,
      query: target.query,
      persists: requestPersists(head) ? 'yes' : 'no',
      upgrade: wantsUpgrade(head) ? 'yes' : 'no',
    }),
    maxBodyBytes: limits.maxBodyBytes,
    ofReply: false,
  });
}

/** Reads one reply to a method; the connection ends behind the last piece if `ends`. */
export function decodeReply(pieces: readonly Buffer[], method: string, ends = true, limits = LIMITS): Outcome {
  const head = new Head(limits.maxFields);
  return decode(pieces, {
    head,
    parse: (bytes, to) => parseReplyHead(head, bytes, 0, to, limits),
    frame: () => frameReply(head, method),
    facts: () => ({
      status: String(head.status),
      reason: head.reason(),
      persists: replyPersists(head) ? 'yes' : 'no',
    }),
    maxBodyBytes: Number.MAX_SAFE_INTEGER,
    ofReply: true,
    ends,
  });
}

interface Side {
  readonly head: Head;
  readonly parse: (bytes: Buffer, to: number) => number;
  readonly frame: () => number;
  readonly facts: () => Record<string, string>;
  readonly maxBodyBytes: number;
  readonly ofReply: boolean;
  readonly ends?: boolean;
}

function decode(pieces: readonly Buffer[], side: Side): Outcome {
  const { head } = side;
  const all = Buffer.concat(pieces);
  const reader = new BodyReader();
  let to = 0;
  let at = 0;
  let body = '';
  for (const piece of pieces) {
    to += piece.length;
    if (at === 0) {
      at = side.parse(all, to);
      if (at === 0) continue;
      const fault = at < 0 ? at : side.frame();
      if (fault < 0) return { result: faultOf(fault).name };
      reader.reset(head.bodyKind, head.bodyLength, side.maxBodyBytes, side.ofReply);
    }
    while (at < to && !reader.done) {
      const next = reader.read(all, at, to);
      if (next < 0) return { result: faultOf(next).name };
      if (next <= at) throw new Error(`no progress at ${at}`);
      at = next;
      body += all.latin1Slice(reader.dataStart, reader.dataEnd);
    }
  }
  if (side.ends === true && head.bodyKind === BodyKind.CLOSE && at > 0 && reader.end() !== 0) return { result: 'more' };
  if (at === 0 || !reader.done) return { result: 'more' };
  if (reader.received !== body.length) throw new Error(`received ${reader.received} of ${body.length}`);
  return {
    result: 'message',
    kind: ['none', 'length', 'chunked', 'close'][head.bodyKind] ?? '',
    minor: String(head.minor),
    fields: String(head.count),
    lines: Array.from({ length: head.count }, (_, i) => `${head.name(i)}: ${head.value(i)}`).join('\n'),
    body,
    trailers: reader.trailers,
    rest: String(all.length - at),
    ...side.facts(),
  };
}
