import { Fault } from '../core/faults.ts';
import { FOREVER } from '../core/wheel.ts';
import { BodyReader } from '../http/body-reader.ts';
import { frameReply } from '../http/framing.ts';
import { BodyKind, Known, type Head } from '../http/head.ts';
import { keepAliveMs } from '../http/keep-alive.ts';
import { parseReplyHead } from '../http/parse-reply.ts';
import { replyPersists } from '../http/persist.ts';
import type { Connection } from '../net/connection.ts';
import type { MessageStream } from '../net/message-stream.ts';
import type { Context } from './context.ts';
import type { EncoderOwner } from './encoder.ts';
import type { Outgoing } from './outgoing.ts';
import { ReplyOutput } from './reply-output.ts';
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
  /** The reply is read whole, and a part of it is still on its way to the client. */
  READ: 4,
} as const;

/**
 * The reply of one server on its way to the client: interim replies are passed at once, the final head is shown to the
 * exchange first, its body is decoded and framed anew for what the client understands.
 */
export class ReplyRelay {
  /** Status of the final reply; 0 before it. */
  status = 0;
  /** A fault found while the first bytes of the body were passed. */
  fault = 0;
  /** What has come of it so far: a `Step`; READ and DONE are the last ones. */
  step: number = Step.MORE;
  /** The server's connection may carry another exchange. */
  reusable = false;
  /** How long the server says that it keeps its connection, in milliseconds. */
  keptMs = FOREVER;
  /** No byte of a reply has come yet. */
  untouched = true;
  /** What the client gets of it. */
  readonly output: ReplyOutput;
  readonly #context: Context;
  readonly #reader = new BodyReader();
  /** Where the reply comes from, if that is a stream. */
  #source: MessageStream | null = null;
  #method = '';
  #upgrade: string | null = null;
  #passing = false;
  #interims = 0;
  #stash: Stash | null = null;
  /** The bytes behind the head, while they are valid. */
  #rest: Buffer = EMPTY;
  #at = 0;
  #to = 0;

  /** `owner`: is told of what is done to the body beside, in its own time. */
  constructor(context: Context, owner: EncoderOwner) {
    this.#context = context;
    this.output = new ReplyOutput(owner);
  }

  /** A request was sent, or a stored reply is to come (`server` is null); `upgrade`: with the wish for one of these protocols; `minor`: the client's HTTP version. */
  begin(client: Connection, server: Connection | null, method: string, upgrade: string | null, minor: number): void {
    this.reset();
    this.output.begin(client, method, minor);
    this.#source = server === null ? null : server.stream;
    this.#method = method;
    this.#upgrade = upgrade;
  }

  reset(): void {
    this.status = 0;
    this.fault = 0;
    this.step = Step.MORE;
    this.reusable = false;
    this.untouched = true;
    this.#passing = false;
    this.#interims = 0;
    this.#stash = null;
    this.#rest = EMPTY;
    this.#source = null;
    this.output.reset();
  }

  /** Bytes from the server. Returns a `Step` or a fault. */
  take(bytes: Buffer, from: number, to: number): number {
    this.untouched = false;
    return this.#passing ? this.#takeBody(bytes, from, to) : this.#takeHead(bytes, from, to);
  }

  /** The server has ended: READ or DONE if that ends the reply as it should, else a fault. */
  end(): number {
    if (this.whole) return this.step;
    if (!this.#passing) return Fault.SERVER_CLOSED;
    if (this.#reader.end() !== 0) return Fault.REPLY_CUT;
    return this.#finish(this.#source === null ? '' : this.#source.trailers);
  }

  /** All of it has come. */
  get whole(): boolean {
    return this.step >= Step.DONE;
  }

  /** All of it was passed on. */
  get ended(): boolean {
    return this.whole && !this.output.busy;
  }

  /** Fields of ours in the head that is passed on, beside those that the graph changes. */
  edit(request: Outgoing, lines: string): void {
    this.output.edit(this.#context.replyHead, request, lines);
  }

  /** Sends the head that was just taken, and what came behind it; returns whether the client's connection may go on. */
  pass(keepAlive: boolean): boolean {
    const { replyHead: head } = this.#context;
    this.keptMs = keepAliveMs(head);
    if (this.output.isReplaced) return this.#passInstead(keepAlive);
    const source = this.#source;
    const kind = head.bodyKind;
    this.reusable = source === null && replyPersists(head) && kind !== BodyKind.CLOSE && !announcesBody(head);
    this.#passing = true;
    this.#reader.reset(kind, head.bodyLength, Number.MAX_SAFE_INTEGER, true);
    if (source !== null && source.ended) this.fault = this.#reader.end();
    const goesOn = this.output.head(head, keepAlive);
    const step = this.#takeBody(this.#rest, this.#at, this.#to);
    this.#rest = EMPTY;
    if (step < 0) this.fault = step;
    return goesOn;
  }

  /** As `pass`, with a body that is not the server's: that one is not waited for. */
  #passInstead(keepAlive: boolean): boolean {
    const { replyHead: head } = this.#context;
    this.#reader.reset(head.bodyKind, head.bodyLength, Number.MAX_SAFE_INTEGER, true);
    let at = this.#at;
    while (at >= 0 && at < this.#to && !this.#reader.done) at = this.#reader.read(this.#rest, at, this.#to);
    this.reusable = this.#reader.done && at === this.#to && replyPersists(head) && !announcesBody(head);
    this.#rest = EMPTY;
    this.step = Step.DONE;
    this.output.replaced(head, keepAlive);
    return keepAlive;
  }

  /** The reply whose head was just taken, which has no body, is passed to nobody. */
  skip(): void {
    const { replyHead: head } = this.#context;
    this.keptMs = keepAliveMs(head);
    this.reusable = this.#source === null && this.#at === this.#to && replyPersists(head);
    this.#rest = EMPTY;
    this.step = Step.DONE;
  }

  /** The head of a 101 as it is passed on. */
  upgradeHead(): string {
    return this.output.upgradeHead(this.#context.replyHead);
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
      this.output.interim(head);
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

  #takeBody(bytes: Buffer, from: number, to: number): number {
    const reader = this.#reader;
    const { sink } = this.output;
    let at = from;
    while (at < to && !reader.done) {
      at = reader.read(bytes, at, to);
      if (at < 0) break;
      if (reader.dataEnd > reader.dataStart) sink.data(bytes, reader.dataStart, reader.dataEnd);
    }
    // Bytes that nobody asked for: whatever they are, nobody else gets them.
    if (reader.done && at < to) this.reusable = false;
    // On a stream trailers may follow, and its end tells that none do.
    if (reader.done && !this.whole && (this.#source === null || this.#source.ended))
      return this.#finish(reader.trailers);
    if (this.output.satisfied && !this.whole) {
      this.reusable = false;
      this.step = Step.DONE;
      return Step.DONE;
    }
    sink.flush();
    return at < 0 ? at : this.whole ? this.step : Step.MORE;
  }

  /** All of the body was given on. */
  #finish(trailers: string): number {
    const { output } = this;
    output.sink.finish(trailers);
    output.sink.flush();
    this.step = output.busy ? Step.READ : Step.DONE;
    return this.step;
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

const EMPTY = Buffer.alloc(0);

/** A server that sends interim replies without end is broken. */
const MAX_INTERIMS = 100;
