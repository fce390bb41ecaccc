import { Fault } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import { Connection, type ConnectionOwner } from '../net/connection.ts';
import type { Accepted } from '../net/listener.ts';
import type { Context } from './context.ts';
import { forwardedLines } from './forwarded.ts';
import { ownReply } from './own-reply.ts';

/** Who is served by a client's connection: an exchange, or a tunnel after it. */
export interface ClientUser {
  /** Bytes of the client; returns the offset behind those that belong to the present request. */
  onClientBytes(bytes: Buffer, from: number, to: number): number;
  /** The client has sent its FIN. */
  onClientEnd(): void;
  onClientDrain(): void;
  /** The connection is gone. */
  onClientGone(): void;
  /** The deadline that the user has set has passed. */
  onClientDeadline(): void;
}

/** What a client's connection is doing. */
const State = {
  /** Waiting for a head, or in the middle of one. */
  HEAD: 0,
  /** One exchange is under way; what comes behind its request waits. */
  EXCHANGE: 1,
  /** Answered for the last time; what still arrives is thrown away so that the answer is not lost to a RST. */
  LINGER: 2,
  CLOSED: 3,
} as const;

/**
 * A client's connection: cuts what arrives into requests, one exchange at a time, and ends in one of the ways of
 * RFC 9112 9. Bytes that belong to a later request wait in `#stash`, and nothing more is read meanwhile.
 */
export class ClientConnection implements ConnectionOwner {
  readonly connection: Connection;
  /** Address of the TCP peer; `unix` for a Unix socket. */
  readonly address: string;
  readonly trusted: boolean;
  /** Field lines about this client where it may say nothing about itself; null for a trusted proxy. */
  readonly forwarded: string | null;
  readonly deadline: Deadline;
  /** The client has sent its FIN. */
  ended = false;
  readonly #context: Context;
  #state: number = State.HEAD;
  #stash: Buffer | null = null;
  #user: ClientUser | null = null;
  /** Wheel time at which the present head began; 0 while between requests. */
  #headSince = 0;
  #lingered = 0;
  #lingerPending = 0;

  constructor(context: Context, accepted: Accepted) {
    this.#context = context;
    this.address = accepted.address;
    this.trusted = context.shared.trusted.has(accepted.address);
    this.forwarded = this.trusted ? null : forwardedLines(accepted.address);
    this.deadline = new Deadline(context.shared.wheel, this);
    this.connection = Connection.accept(accepted.handle, this);
    context.addClient(this);
    this.deadline.set(context.shared.limits.headMs);
    this.connection.resume();
  }

  onConnect(): void {}

  onBytes(bytes: Buffer, from: number, to: number): void {
    switch (this.#state) {
      case State.HEAD:
        this.#readHead(bytes, from, to);
        break;
      case State.EXCHANGE:
        this.#afterBody(this.#user?.onClientBytes(bytes, from, to) ?? to, bytes, to);
        break;
      case State.LINGER:
        this.#lingered += to - from;
        if (this.#lingered > MAX_LINGER_BYTES) this.connection.destroy();
        break;
      default:
    }
  }

  onEnd(): void {
    this.ended = true;
    if (this.#state === State.EXCHANGE) this.#user?.onClientEnd();
    else if (this.#state === State.HEAD && this.#stash === null) this.#finish();
    else this.connection.destroy();
  }

  onDrain(): void {
    this.#user?.onClientDrain();
  }

  onClose(): void {
    this.#state = State.CLOSED;
    this.deadline.dispose();
    this.#context.removeClient(this);
    this.#stash = null;
    const user = this.#user;
    this.#user = null;
    user?.onClientGone();
  }

  onDeadline(): void {
    if (this.#state === State.EXCHANGE) this.#user?.onClientDeadline();
    else if (this.#state === State.HEAD && this.#headSince !== 0) this.refuse(Fault.HEAD_TIMEOUT);
    else if (this.#state === State.HEAD) this.#finish();
    else this.#lingerOn();
  }

  /** The exchange is over and its reply is sent whole: the next request, or the end. */
  next(keepAlive: boolean): void {
    this.#user = null;
    if (this.#state === State.CLOSED) return;
    if (!keepAlive || this.ended || this.#context.draining) {
      this.#finish();
      return;
    }
    this.#state = State.HEAD;
    this.#headSince = 0;
    this.deadline.set(this.#context.shared.limits.keepAliveMs);
    // Not at once: a client that pipelines thousands of requests must not make a stack of them.
    if (this.#stash !== null) process.nextTick(resumeStash, this);
    else if (this.connection.paused) this.connection.resume();
  }

  /** The exchange is over in the middle of its reply: the client must see that it was cut short. */
  cut(): void {
    this.#user = null;
    this.connection.reset();
  }

  /** Answers a fault by ourselves and ends the connection, because its framing cannot be trusted or a body is left unread. */
  refuse(fault: number): void {
    this.#user = null;
    if (this.#state === State.CLOSED) return;
    const answer = ownReply(fault, false, false);
    if (answer === '') this.connection.destroy();
    else {
      this.connection.writeText(answer);
      this.#finish();
    }
  }

  /** Asks it to end when it is idle. */
  drain(): void {
    if (this.#state === State.HEAD && this.#headSince === 0 && this.#stash === null) this.#finish();
  }

  /** The connection has another user from now on, who gets what had to wait. */
  handOver(user: ClientUser): void {
    this.#user = user;
    const stash = this.#stash;
    this.#stash = null;
    if (stash !== null) user.onClientBytes(stash, 0, stash.length);
    if (this.connection.paused) this.connection.resume();
    if (this.ended) user.onClientEnd();
  }

  /** For `resumeStash` only. */
  readStash(): void {
    const stash = this.#stash;
    if (stash === null || this.#state !== State.HEAD) return;
    this.#stash = null;
    this.#readHead(stash, 0, stash.length);
    if (this.#state === State.HEAD && this.connection.paused) this.connection.resume();
  }

  #readHead(bytes: Buffer, from: number, to: number): void {
    const { requestHead, shared } = this.#context;
    let source = bytes;
    let start = from;
    let end = to;
    if (this.#stash !== null) {
      source = Buffer.concat([this.#stash, bytes.subarray(from, to)]);
      start = 0;
      end = source.length;
      this.#stash = null;
    }
    const at = parseRequestHead(requestHead, source, start, end, shared.limits);
    if (at > 0) this.#begin(source, at, end);
    else if (at < 0) this.refuse(at);
    else {
      this.#stash = source === bytes ? Buffer.from(bytes.subarray(start, end)) : source;
      if (this.#headSince === 0) {
        this.#headSince = shared.wheel.now;
        this.deadline.set(shared.limits.headMs);
      }
    }
  }

  #begin(source: Buffer, at: number, end: number): void {
    this.deadline.cancel();
    this.#state = State.EXCHANGE;
    const exchange = this.#context.lendExchange();
    this.#user = exchange;
    this.#afterBody(exchange.begin(this, source, at, end), source, end);
  }

  /** What is left behind the exchange's own bytes belongs to the next request. */
  #afterBody(at: number, bytes: Buffer, to: number): void {
    if (at >= to || this.#state === State.CLOSED || this.#state === State.LINGER) return;
    const rest = bytes.subarray(at, to);
    const fresh = this.#stash === null;
    this.#stash = this.#stash === null ? Buffer.from(rest) : Buffer.concat([this.#stash, rest]);
    if (this.#state === State.EXCHANGE) this.connection.pause();
    else if (fresh) process.nextTick(resumeStash, this);
  }

  /** No more requests: sends the FIN and waits a while for the client's, throwing away what it still sends. */
  #finish(): void {
    if (this.#state === State.CLOSED) return;
    this.#state = State.LINGER;
    this.#stash = null;
    this.connection.end();
    this.#lingerPending = this.connection.pending;
    this.deadline.set(this.#lingerPending > 0 ? this.#context.shared.limits.sendMs : LINGER_MS);
    if (!this.ended && this.connection.paused) this.connection.resume();
  }

  /** A client that still takes its last reply is given time as long as it goes on taking. */
  #lingerOn(): void {
    const { pending } = this.connection;
    if (pending === this.#lingerPending) this.connection.destroy();
    else {
      this.#lingerPending = pending;
      this.deadline.set(pending > 0 ? this.#context.shared.limits.sendMs : LINGER_MS);
    }
  }
}

function resumeStash(client: ClientConnection): void {
  client.readStash();
}

/** How long, and for how many bytes, a client may go on sending after its last reply (nginx: `lingering_close`). */
const LINGER_MS = 2000;
const MAX_LINGER_BYTES = 1024 * 1024;
