import { Fault } from '../core/faults.ts';
import { FOREVER } from '../core/wheel.ts';
import { BodyReader } from '../http/body-reader.ts';
import { encodeReply, type ReplyEdits } from '../http/encode-reply.ts';
import { frameReply } from '../http/framing.ts';
import { BodyKind, Known, type Head } from '../http/head.ts';
import { connectionNames } from '../http/hop.ts';
import { keepAliveMs } from '../http/keep-alive.ts';
import { parseReplyHead } from '../http/parse-reply.ts';
import { replyPersists } from '../http/persist.ts';
import type { Connection } from '../net/connection.ts';
import type { MessageStream } from '../net/message-stream.ts';
import { BodyWriter } from './body-writer.ts';
import { wholeText } from '../routing/late-text.ts';
import type { ReplyBody } from '../routing/plan.ts';
import { linesFor } from '../routing/reply-edit.ts';
import type { Context } from './context.ts';
import type { Outgoing } from './outgoing.ts';
import { Stash } from './stash.ts';

/** What `take` has come to; a negative number is a fault of the server instead. */
export const Step = {
  /** More bytes are awaited. */
  MORE: 0,
  /** The final head is parsed; `pass` sends it on. */
  HEAD: 1,
  /** The server has agreed to upgrade; what follows is no longer HTTP. */
  UPGRADED: 2,
  /** The reply is passed on whole. */
  DONE: 3,
} as const;

/**
 * The reply of one server on its way to the client: interim replies are passed at once, the final head is shown to the
 * exchange first, its body is decoded and framed anew for what the client understands.
 */
export class ReplyRelay {
  /** Status of the final reply; 0 before it. */
  status = 0;
  /** Length of the final reply's head as it was passed on; 0 before. */
  headBytes = 0;
  /** A fault found while the first bytes of the body were passed. */
  fault = 0;
  /** The body is passed on whole. */
  done = false;
  /** The server's connection may carry another exchange. */
  reusable = false;
  /** How long the server says that it keeps its connection, in milliseconds. */
  keptMs = FOREVER;
  /** No byte of a reply has come yet. */
  untouched = true;
  readonly #context: Context;
  readonly #reader = new BodyReader();
  readonly #writer = new BodyWriter();
  readonly #edits: ReplyEdits = { listed: null, taken: null, dropLength: false, lines: '' };
  #client: Connection | null = null;
  /** Where the reply comes from, if that is a stream. */
  #source: MessageStream | null = null;
  /** Fields of ours in the head that is passed on, each line with its end, and names of fields that are not. */
  #lines = '';
  #taken: readonly string[] | null = null;
  /** What the client gets instead of the server's body. */
  #instead: ReplyBody | null = null;
  #method = '';
  #minor = 1;
  #upgrade: string | null = null;
  #passing = false;
  #interims = 0;
  #stash: Stash | null = null;
  /** The bytes behind the head, while they are valid. */
  #rest: Buffer = EMPTY;
  #at = 0;
  #to = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** A request was sent; `upgrade`: with the wish for one of these protocols; `minor`: the client's HTTP version. */
  begin(client: Connection, server: Connection, method: string, upgrade: string | null, minor: number): void {
    this.reset();
    this.#client = client;
    this.#source = server.stream;
    this.#method = method;
    this.#upgrade = upgrade;
    this.#minor = minor;
  }

  reset(): void {
    this.status = 0;
    this.headBytes = 0;
    this.fault = 0;
    this.done = false;
    this.reusable = false;
    this.#lines = '';
    this.#taken = null;
    this.#instead = null;
    this.untouched = true;
    this.#passing = false;
    this.#interims = 0;
    this.#stash = null;
    this.#rest = EMPTY;
    this.#client = null;
    this.#source = null;
    this.#writer.reset();
  }

  /** Bytes from the server. Returns a `Step` or a fault. */
  take(bytes: Buffer, from: number, to: number): number {
    this.untouched = false;
    return this.#passing ? this.#takeBody(bytes, from, to) : this.#takeHead(bytes, from, to);
  }

  /** The server has ended; true if that ends the reply as it should. */
  end(): boolean {
    if (!this.#passing || this.#reader.end() !== 0) return false;
    this.#writer.finish(this.#source === null ? '' : this.#source.trailers);
    this.#writer.flush();
    this.done = true;
    return true;
  }

  /** Sends the head that was just taken, and what came behind it; returns whether the client's connection may go on. */
  pass(keepAlive: boolean): boolean {
    const { replyHead: head } = this.#context;
    const client = this.#client;
    if (client === null) return false;
    if (this.#instead !== null) return this.#passInstead(client, this.#instead, keepAlive);
    const kind = head.bodyKind;
    const source = this.#source;
    const chunked =
      client.stream === null && this.#minor === 1 && (kind === BodyKind.CHUNKED || kind === BodyKind.CLOSE);
    // HTTP/1.0 knows no chunks: a body without a length ends with its connection.
    const untilClose = this.#minor === 0 && (kind === BodyKind.CHUNKED || kind === BodyKind.CLOSE);
    const goesOn = keepAlive && !untilClose;
    const edits = this.#edits;
    edits.listed = connectionNames(head);
    edits.taken = this.#taken;
    edits.dropLength = head.status === 204;
    edits.lines = chunked ? `${this.#lines}Transfer-Encoding: chunked\r\n` : this.#lines;
    if (!goesOn) edits.lines += 'Connection: close\r\n';
    else if (this.#minor === 0) edits.lines += 'Connection: keep-alive\r\n';
    this.reusable = source === null && replyPersists(head) && kind !== BodyKind.CLOSE && !announcesBody(head);
    this.keptMs = keepAliveMs(head);
    this.#passing = true;
    this.#reader.reset(kind, head.bodyLength, Number.MAX_SAFE_INTEGER, true);
    if (source !== null && source.ended) this.fault = this.#reader.end();
    const text = encodeReply(head, edits);
    this.headBytes = text.length;
    this.#writer.begin(client, text, chunked);
    const step = this.#takeBody(this.#rest, this.#at, this.#to);
    this.#rest = EMPTY;
    if (step < 0) this.fault = step;
    return goesOn;
  }

  /** As `pass`, with a body that is not the server's: that one is not waited for. */
  #passInstead(client: Connection, { type, body }: ReplyBody, keepAlive: boolean): boolean {
    const { replyHead: head } = this.#context;
    const hasBody = head.status !== 204 && head.status !== 304;
    const persistence = keepAlive ? (this.#minor === 0 ? 'Connection: keep-alive\r\n' : '') : 'Connection: close\r\n';
    const framing = hasBody ? `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n` : '';
    const edits = this.#edits;
    edits.listed = connectionNames(head);
    edits.taken = [...(this.#taken ?? []), ...OF_THE_BODY];
    edits.dropLength = true;
    edits.lines = this.#lines + framing + persistence;
    const text = encodeReply(head, edits);
    this.headBytes = text.length;
    this.keptMs = keepAliveMs(head);
    this.#reader.reset(head.bodyKind, head.bodyLength, Number.MAX_SAFE_INTEGER, true);
    let at = this.#at;
    while (at >= 0 && at < this.#to && !this.#reader.done) at = this.#reader.read(this.#rest, at, this.#to);
    this.reusable = this.#reader.done && at === this.#to && replyPersists(head) && !announcesBody(head);
    this.#rest = EMPTY;
    this.done = true;
    client.writeText(hasBody && this.#method !== 'HEAD' ? text + body : text);
    return keepAlive;
  }

  /** Fields of ours in the head that is passed on, beside those that the graph changes. */
  edit({ replyEdit: edit, replyBody }: Outgoing, lines: string): void {
    this.#taken = edit === null ? null : edit.drop;
    const { replyHead: head } = this.#context;
    this.#lines = edit === null ? lines : linesFor(edit, head) + lines;
    const late = replyBody?.late;
    this.#instead =
      replyBody === null || late === undefined ? replyBody : { ...replyBody, body: wholeText(late, head) };
  }

  /** The head of a 101 as it is passed on. */
  upgradeHead(): string {
    const { replyHead: head } = this.#context;
    this.#edits.listed = connectionNames(head);
    this.#edits.taken = this.#taken;
    this.#edits.dropLength = true;
    this.#edits.lines = `${this.#lines}Connection: upgrade\r\nUpgrade: ${head.get('upgrade') ?? ''}\r\n`;
    return encodeReply(head, this.#edits);
  }

  /** All Set-Cookie fields of the head that was just taken. */
  setCookie(): string | null {
    return this.#context.replyHead.get('set-cookie');
  }

  /** What came behind the head of a 101, while the call lasts that brought it. */
  restOfUpgrade(): Buffer {
    return this.#rest.subarray(this.#at, this.#to);
  }

  #takeHead(bytes: Buffer, from: number, to: number): number {
    const { replyHead: head, shared } = this.#context;
    let source = bytes;
    let at = from;
    let end = to;
    const stash = this.#stash;
    if (stash !== null) {
      stash.add(bytes, from, to);
      ({ bytes: source, start: at, end } = stash);
      this.#stash = null;
    }
    while (at < end) {
      const next = parseReplyHead(head, source, at, end, shared.limits);
      if (next < 0) return next;
      if (next === 0) {
        this.#stash = stash ?? new Stash();
        if (stash === null) this.#stash.add(source, at, end);
        else stash.start = at;
        return Step.MORE;
      }
      at = next;
      if (head.status >= 200 || head.status === 101) return this.#takeFinal(source, at, end);
      if (++this.#interims > MAX_INTERIMS) return Fault.TOO_MANY_INTERIM;
      // RFC 9110 15.2: a 1.0 client is sent none.
      if (this.#minor === 1) this.#passInterim();
    }
    return Step.MORE;
  }

  #takeFinal(source: Buffer, at: number, end: number): number {
    const { replyHead: head } = this.#context;
    this.#rest = source;
    this.#at = at;
    this.#to = end;
    if (head.status === 101) return this.#isAsked(head.get('upgrade')) ? Step.UPGRADED : Fault.UNASKED_UPGRADE;
    const fault = frameReply(head, this.#method);
    if (fault !== 0) return fault;
    this.status = head.status;
    return Step.HEAD;
  }

  /** Whether every protocol that the server changes to is one the client named (RFC 9110 7.8). */
  #isAsked(protocols: string | null): boolean {
    if (this.#upgrade === null || protocols === null) return false;
    const asked = new Set(protocolsOf(this.#upgrade));
    return protocolsOf(protocols).every((protocol) => asked.has(protocol));
  }

  #passInterim(): void {
    const { replyHead: head } = this.#context;
    this.#edits.listed = connectionNames(head);
    this.#edits.dropLength = true;
    this.#edits.taken = null;
    this.#edits.lines = '';
    this.#client?.writeText(encodeReply(head, this.#edits));
  }

  #takeBody(bytes: Buffer, from: number, to: number): number {
    const reader = this.#reader;
    const writer = this.#writer;
    let at = from;
    while (at < to && !reader.done) {
      at = reader.read(bytes, at, to);
      if (at < 0) break;
      if (reader.dataEnd > reader.dataStart) writer.data(bytes, reader.dataStart, reader.dataEnd);
    }
    // On a stream trailers may follow, and its end tells that none do.
    const isDone = reader.done && (this.#source === null || this.#source.ended);
    if (isDone) {
      writer.finish(reader.trailers);
      this.done = true;
      // Bytes that nobody asked for: whatever they are, nobody else gets them.
      if (at < to) this.reusable = false;
    }
    writer.flush();
    if (at < 0) return at;
    return isDone ? Step.DONE : Step.MORE;
  }
}

/**
 * Whether a 204 says that a body follows, which it must not (RFC 9110 8.6, RFC 9112 6.1): it may come, later than the next
 * request, and be taken for its reply.
 */
function announcesBody(head: Head): boolean {
  return head.status === 204 && (head.seen & ((1 << Known.CONTENT_LENGTH) | (1 << Known.TRANSFER_ENCODING))) !== 0;
}

function protocolsOf(list: string): string[] {
  return list.split(',').map((protocol) => protocol.trim().toLowerCase());
}

/** Fields that say something about the bytes of a body (RFC 9110 8, RFC 9530), in lower case. */
const OF_THE_BODY: readonly string[] = [
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'etag',
  'last-modified',
  'repr-digest',
];

const EMPTY = Buffer.alloc(0);

/** A server that sends interim replies without end is broken. */
const MAX_INTERIMS = 100;
