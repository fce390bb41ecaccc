import { encodeReply, type ReplyEdits } from '../http/encode-reply.ts';
import { BodyKind, type Head } from '../http/head.ts';
import { connectionNames } from '../http/hop.ts';
import type { Connection } from '../net/connection.ts';
import { KnownBody } from '../routing/known-body.ts';
import { wholeText, type KnownReply } from '../routing/late-text.ts';
import type { ReplyBody } from '../routing/plan.ts';
import { linesFor, type ReplyEdit } from '../routing/reply-edit.ts';
import type { BodySink } from './body-sink.ts';
import { BodyWriter } from './body-writer.ts';
import type { Caching } from './caching.ts';
import { ChangedReply, compressedHead, isCompressible, weakenedHead, type HeadChange } from './compression.ts';
import type { CompressionTerms } from './compression-terms.ts';
import { Encoder, type EncoderOwner } from './encoder.ts';
import { Holder, type HolderOwner } from './holder.ts';
import type { Outgoing } from './outgoing.ts';
import { Recorder } from './recorder.ts';

/**
 * A reply as its client gets it: the head as the graph has changed it, framed for what the client understands, and the body by way of what
 * is done to it. Used again for the next reply.
 */
export class ReplyOutput implements HolderOwner {
  /** Length of the final reply's head as it was passed on; 0 before. */
  headBytes = 0;
  /** Where the body goes, once the head was passed on. */
  sink: BodySink;
  /** The client has all that it gets, whatever the server goes on to say. */
  satisfied = false;
  readonly #owner: EncoderOwner;
  readonly #writer = new BodyWriter();
  readonly #edits: ReplyEdits = { listed: null, taken: null, dropLength: false, lines: '' };
  #client: Connection | null = null;
  #method = '';
  #minor = 1;
  /** Fields of ours in the head that is passed on, each line with its end, and names of fields that are not. */
  #lines = '';
  #taken: readonly string[] | null = null;
  /** What the client gets instead of the server's body. */
  #instead: ReplyBody | null = null;
  /** What it is changed by: with what depends on the reply to be filled in. */
  #edit: ReplyEdit | null = null;
  #replyBody: ReplyBody | null = null;
  #ownLines = '';
  #tries = 0;
  /** Most bytes of the body that are waited for; 0: it is not. */
  #bodyBytes = 0;
  /** The head while it waits for its body. */
  #held: Head | null = null;
  #keepAlive = false;
  /** How its body may be compressed; null: not at all. */
  #compression: CompressionTerms | null = null;
  #encoder: Encoder | null = null;
  /** Who keeps the reply, perhaps; null: nobody. */
  #caching: Caching | null = null;
  #recorder: Recorder | null = null;

  constructor(owner: EncoderOwner) {
    this.#owner = owner;
    this.sink = this.#writer;
  }

  /** `minor`: the client's HTTP version. */
  begin(client: Connection, method: string, minor: number): void {
    this.#client = client;
    this.#method = method;
    this.#minor = minor;
  }

  /** Fields of ours in the head that is passed on, beside those that the graph changes, and what is done to the body. */
  edit(head: Head, { replyEdit: edit, replyBody, compression, caching, tries }: Outgoing, lines: string): void {
    this.#tries = tries;
    this.#caching = caching;
    this.#compression = compression;
    this.#ownLines = lines;
    this.#edit = edit;
    this.#replyBody = replyBody;
    this.#bodyBytes = Math.max(edit?.bodyBytes ?? 0, replyBody?.bodyBytes ?? 0);
    if (this.#bodyBytes > 0 && !canHold(head, this.#bodyBytes)) this.#bodyBytes = 0;
    if (this.#bodyBytes === 0) this.#fill(head);
  }

  /** Nothing of it was sent: its body is waited for. */
  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Writes down what depends on the reply. */
  #fill(head: Head, body: Buffer | null = null): void {
    const edit = this.#edit;
    const instead = this.#replyBody;
    const late = instead?.late;
    const reply = edit?.late === undefined && late === undefined ? head : this.#known(head, body);
    this.#taken = edit === null ? null : edit.drop;
    this.#lines = edit === null ? this.#ownLines : linesFor(edit, reply) + this.#ownLines;
    this.#instead = instead === null || late === undefined ? instead : { ...instead, body: wholeText(late, reply) };
  }

  #known(head: Head, body: Buffer | null): KnownReply {
    const known = { status: head.status, get: (name: string) => head.get(name), tries: this.#tries };
    return body === null ? known : { ...known, body: new KnownBody(body) };
  }

  /** The client gets another body than the server's, which is not waited for. */
  get isReplaced(): boolean {
    return this.#instead !== null;
  }

  /**
   * Passes the final head on; the body follows by `sink`. Returns whether the client's connection may go on after it.
   */
  head(head: Head, keepAlive: boolean): boolean {
    return this.#bodyBytes > 0 ? this.#hold(head, keepAlive) : this.#pass(head, keepAlive);
  }

  /** For the holder only. */
  onHeld(body: Buffer | null): BodySink | null {
    const head = this.#held;
    if (head === null) return null;
    this.#held = null;
    this.#fill(head, body);
    if (this.#instead !== null) {
      this.replaced(head, this.#keepAlive);
      this.satisfied = true;
      return null;
    }
    const { sink } = this;
    this.sink = this.#writer;
    this.#pass(head, this.#keepAlive);
    const next = this.sink;
    this.sink = sink;
    return next;
  }

  /** Passes nothing on before the body is known. */
  #hold(head: Head, keepAlive: boolean): boolean {
    this.#held = head.copy();
    // Whether the body will have a length is not known yet.
    this.#keepAlive = keepAlive && this.#minor === 1;
    this.sink = new Holder(this, this.#bodyBytes);
    if (this.#caching !== null) this.#record(head, this.#caching);
    this.#caching = null;
    return this.#keepAlive;
  }

  #pass(head: Head, keepAlive: boolean): boolean {
    const client = this.#client;
    if (client === null) return false;
    if (this.#compression !== null) this.#compress(client, head, this.#compression);
    if (this.#caching !== null) this.#record(head, this.#caching);
    const kind = head.bodyKind;
    const isOpen = kind === BodyKind.CHUNKED || kind === BodyKind.CLOSE || this.#encoder !== null;
    const chunked = isOpen && client.stream === null && this.#minor === 1;
    // HTTP/1.0 knows no chunks: a body without a length ends with its connection.
    const goesOn = keepAlive && !(isOpen && this.#minor === 0);
    const edits = this.#edits;
    edits.listed = connectionNames(head);
    edits.taken = this.#taken;
    edits.dropLength = head.status === 204;
    edits.lines = chunked ? `${this.#lines}Transfer-Encoding: chunked\r\n` : this.#lines;
    if (!goesOn) edits.lines += 'Connection: close\r\n';
    else if (this.#minor === 0) edits.lines += 'Connection: keep-alive\r\n';
    const text = encodeReply(head, edits);
    this.headBytes = text.length;
    this.#writer.begin(client, text, chunked);
    return goesOn;
  }

  /** The head, and the body that stands in for the server's, in one go. */
  replaced(head: Head, keepAlive: boolean): void {
    const instead = this.#instead;
    if (instead === null) return;
    const { type, body } = instead;
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
    this.#client?.writeText(hasBody && this.#method !== 'HEAD' ? text + body : text);
  }

  interim(head: Head): void {
    // RFC 9110 15.2: a 1.0 client is sent none.
    if (this.#minor !== 1) return;
    this.#edits.listed = connectionNames(head);
    this.#edits.dropLength = true;
    this.#edits.taken = null;
    this.#edits.lines = '';
    this.#client?.writeText(encodeReply(head, this.#edits));
  }

  /** The head of a 101 as it is passed on. */
  upgradeHead(head: Head): string {
    this.#edits.listed = connectionNames(head);
    this.#edits.taken = this.#taken;
    this.#edits.dropLength = true;
    this.#edits.lines = `${this.#lines}Connection: upgrade\r\nUpgrade: ${head.get('upgrade') ?? ''}\r\n`;
    return encodeReply(head, this.#edits);
  }

  /** What is done to the body takes no more at the moment. */
  get full(): boolean {
    return this.#encoder !== null && this.#encoder.full;
  }

  /** A part of a body that has ended is still on its way. */
  get busy(): boolean {
    return this.#encoder !== null && !this.#encoder.ended;
  }

  /** The client takes again. */
  resume(): void {
    this.#encoder?.resume();
  }

  reset(): void {
    this.headBytes = 0;
    this.#client = null;
    this.#lines = '';
    this.#taken = null;
    this.#instead = null;
    this.#edit = null;
    this.#replyBody = null;
    this.#bodyBytes = 0;
    this.#held = null;
    this.satisfied = false;
    this.#compression = null;
    this.#encoder?.close();
    this.#encoder = null;
    this.#caching = null;
    this.#recorder?.close();
    this.#recorder = null;
    this.#writer.reset();
    this.sink = this.#writer;
  }

  /** Has the reply kept, as its server gives it, if it is one that may be. */
  #record(head: Head, caching: Caching): void {
    if (!caching.begins(head)) return;
    this.#recorder = new Recorder(caching, this.sink, caching.maxBytes);
    this.sink = this.#recorder;
  }

  /** Has the body compressed if this reply is one for that and the client accepts it. A reply to HEAD says what one to GET would. */
  #compress(client: Connection, head: Head, { options, coding, knowsWeak, tally }: CompressionTerms): void {
    const change: HeadChange = { taken: this.#taken, lines: this.#lines };
    const reply = new ChangedReply(head, change);
    if (knowsWeak && head.status === 304) ({ taken: this.#taken, lines: this.#lines } = weakenedHead(reply, change));
    if (!isCompressible(reply, options)) return;
    const chosen = tally.atOnce < options.maxAtOnce ? coding : null;
    const { taken, lines } = compressedHead(reply, change, chosen);
    this.#taken = taken;
    this.#lines = lines;
    if (chosen === null || head.bodyKind === BodyKind.NONE) return;
    this.#encoder = new Encoder(chosen, options, { next: this.#writer, client, owner: this.#owner, tally });
    this.sink = this.#encoder;
  }
}

/** Whether the body of this reply can be waited for: there is one, it can be read, and it is not too large as far as is known. */
function canHold(head: Head, maxBytes: number): boolean {
  const { bodyKind, bodyLength } = head;
  if (bodyKind === BodyKind.NONE || (bodyKind === BodyKind.LENGTH && bodyLength > maxBytes)) return false;
  return head.get('content-encoding') === null;
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
