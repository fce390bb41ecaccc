import { Fault } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import { HandleConnection } from '../net/handle-connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import type { Accepted } from '../net/listener.ts';
import type { ClientEnd } from '../upstream/dialer.ts';
import type { Context } from './context.ts';
import type { Drain } from './drain.ts';
import { forwardedLines } from './forwarded.ts';
import { ownReply } from './own-reply.ts';
import { Stash } from './stash.ts';

/** Who is served by a client's connection: an exchange, or a tunnel after it. */
export interface ClientUser {
  /** Bytes of the client; returns the offset behind those that belong to the present request. */
  onClientBytes(bytes: Buffer, from: number, to: number): number;
  /** The client has sent its FIN. */
  onClientEnd(): void;
  onClientDrain(): void;
  /** The connection is gone. */
  onClientGone(): void;
  /** ELB drains: it has to come to an end. */
  onClientDraining(drain: Drain): void;
  /** The deadline that the user has set has passed. */
  onClientDeadline(): void;
}

/** What a client's connection is doing. */
const State = {
  /** Waiting for a head, or in the middle of one. */
  HEAD: 0,
  /** One exchange is under way; what comes behind its request waits. */
  EXCHANGE: 1,
  /** It has yet to take what it was answered before more is read of it: else one that never reads fills the memory. */
  BEHIND: 2,
  /** Answered for the last time; what still arrives is thrown away so that the answer is not lost to a RST. */
  LINGER: 3,
  CLOSED: 4,
} as const;

/**
 * A client's connection: cuts what arrives into requests, one exchange at a time, and ends in one of the ways of
 * RFC 9112 9. Bytes that belong to a later request wait in `#stash`, and nothing more is read meanwhile.
 */
export class ClientConnection implements ConnectionOwner, ClientEnd {
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
  #stash: Stash | null = null;
  #user: ClientUser | null = null;
  /** Wheel time at which the present head began; 0 while between requests. */
  #headSince = 0;
  /** Bytes of the head that were there when it was parsed last. */
  #parsed = 0;
  /** Bytes the client had not taken when it was last looked at. */
  #unread = 0;
  #lingerUntil = 0;

  constructor(context: Context, accepted: Accepted) {
    this.#context = context;
    this.address = accepted.address;
    this.trusted = context.shared.trusted.has(accepted.address);
    this.forwarded = this.trusted ? null : forwardedLines(accepted.address);
    this.deadline = new Deadline(context.shared.wheel, this);
    this.connection = new HandleConnection(accepted.handle, this);
    context.addClient(this);
    this.deadline.set(context.drain === null ? context.shared.limits.headMs : context.drain.idleMs());
    this.connection.resume();
  }

  endpoints(): Endpoints | null {
    return this.connection.endpoints();
  }

  onConnect(): void {}

  onBytes(bytes: Buffer, from: number, to: number): void {
    switch (this.#state) {
      case State.HEAD:
        this.#readHead(bytes, from, to);
        break;
      case State.EXCHANGE:
        this.#afterBody(this.#user?.onClientBytes(bytes, from, to) ?? to, bytes, to, null);
        break;
      case State.LINGER:
        this.#linger();
        break;
      default:
    }
  }

  onEnd(): void {
    this.ended = true;
    if (this.#state === State.EXCHANGE) this.#user?.onClientEnd();
    else if (this.#state === State.HEAD && this.#stash === null) this.#finish();
    // While it lingers the socket closes by itself, once its last reply is sent.
    else if (this.#state !== State.LINGER) this.connection.destroy();
  }

  onDrain(): void {
    if (this.#state === State.BEHIND) this.#awaitHead();
    else this.#user?.onClientDrain();
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
    else if (this.#state === State.HEAD && this.#headSince !== 0) this.#refuseHead(Fault.HEAD_TIMEOUT);
    else if (this.#state === State.HEAD) this.#finish();
    else this.#awaitTaking();
  }

  /**
   * The exchange is over and its reply is sent whole: the next request, or the end. `isLast`: the client has said that it sends no
   * more.
   */
  next(keepAlive: boolean, isLast = false): void {
    this.#user = null;
    if (this.#state === State.CLOSED) return;
    if (!keepAlive || this.ended) {
      // There is nothing to wait for: as nginx does.
      if ((isLast || this.ended) && this.#stash === null && this.connection.pending === 0) this.connection.close();
      else this.#finish();
      return;
    }
    if (!this.connection.full) {
      this.#awaitHead();
      return;
    }
    this.#state = State.BEHIND;
    this.connection.pause();
    this.#unread = this.connection.pending;
    this.deadline.set(this.#context.shared.limits.sendMs);
  }

  /** The exchange is over in the middle of its reply: the client must see that it was cut short. */
  cut(): void {
    this.#user = null;
    this.connection.reset();
  }

  /**
   * Sends a last reply and ends the connection, because its framing cannot be trusted or a body is left unread; an empty one ends it
   * without a word.
   */
  refuse(reply: string): void {
    this.#user = null;
    if (this.#state === State.CLOSED) return;
    if (reply === '') this.connection.destroy();
    else {
      this.connection.writeText(reply);
      this.#finish();
    }
  }

  /** Asks it to end: once its request is answered, or once it has been silent for a while. */
  drain(drain: Drain): void {
    if (this.#state === State.EXCHANGE) this.#user?.onClientDraining(drain);
    else if (this.#state === State.HEAD && this.#headSince === 0) this.deadline.set(drain.idleMs());
  }

  /** The connection has another user from now on, who gets what had to wait. */
  handOver(user: ClientUser): void {
    this.#user = user;
    const stash = this.#stash;
    this.#stash = null;
    if (stash !== null) user.onClientBytes(stash.bytes, stash.start, stash.end);
    if (this.connection.paused) this.connection.resume();
    if (this.ended) user.onClientEnd();
  }

  /** For `resumeStash` only. */
  readStash(): void {
    if (this.#state !== State.HEAD) return;
    if (this.#stash !== null) this.#readStash(this.#stash, true);
    if (this.#state === State.HEAD && this.connection.paused) this.connection.resume();
  }

  /** Ready for the next request, of which a part may have come already. */
  #awaitHead(): void {
    const { drain, shared } = this.#context;
    this.#state = State.HEAD;
    this.#headSince = 0;
    this.deadline.set(drain === null ? shared.limits.keepAliveMs : drain.idleMs());
    // Not at once: a client that pipelines thousands of requests must not make a stack of them.
    if (this.#stash !== null) process.nextTick(resumeStash, this);
    else if (this.connection.paused) this.connection.resume();
  }

  #readHead(bytes: Buffer, from: number, to: number): void {
    if (this.#stash !== null) {
      this.#stash.add(bytes, from, to);
      this.#readStash(this.#stash, bytes.subarray(from, to).includes(LF));
      return;
    }
    const { requestHead, shared } = this.#context;
    const at = parseRequestHead(requestHead, bytes, from, to, shared.limits);
    if (at > 0) this.#begin(bytes, at, to, null);
    else if (at < 0) this.#refuseHead(at);
    else {
      this.#stash = new Stash();
      this.#stash.add(bytes, from, to);
      this.#awaitRest(to - from);
    }
  }

  /**
   * Reads a head from what waited and what came behind it. `ended`: a line has. Without that a head is not parsed again for
   * every byte that comes, only when it has grown by a part: one that comes in single bytes costs no more than it weighs.
   */
  #readStash(stash: Stash, ended: boolean): void {
    const { requestHead, shared } = this.#context;
    if (!ended && stash.length < this.#parsed + (this.#parsed >>> 4)) return;
    const at = parseRequestHead(requestHead, stash.bytes, stash.start, stash.end, shared.limits);
    if (at > 0) {
      this.#stash = null;
      this.#begin(stash.bytes, at, stash.end, stash);
    } else if (at < 0) this.#refuseHead(at);
    else this.#awaitRest(stash.length);
  }

  /** `length` bytes of a head are there: the rest has its time, which later bytes do not prolong. */
  #awaitRest(length: number): void {
    this.#parsed = length;
    if (this.#headSince !== 0) return;
    const { wheel, limits } = this.#context.shared;
    this.#headSince = wheel.now;
    this.deadline.set(limits.headMs);
  }

  /** `stash`: what the head was read from, if it had to wait. */
  #begin(source: Buffer, at: number, end: number, stash: Stash | null): void {
    this.deadline.cancel();
    this.#state = State.EXCHANGE;
    const exchange = this.#context.lendExchange();
    this.#user = exchange;
    this.#afterBody(exchange.begin(this, source, at, end), source, end, stash);
  }

  /** A head that cannot be used never becomes an exchange. */
  #refuseHead(fault: number): void {
    const reply = ownReply(fault, false, false);
    this.#context.shared.observer?.refused(fault, reply.length);
    this.refuse(reply);
  }

  /** What is left behind the exchange's own bytes belongs to the next request. */
  #afterBody(at: number, bytes: Buffer, to: number, stash: Stash | null): void {
    if (at >= to || this.#state === State.CLOSED || this.#state === State.LINGER) return;
    const fresh = this.#stash === null;
    if (stash !== null) {
      // It stays where it is, so that many small requests are not copied once for each of them.
      stash.start = at;
      this.#stash = stash;
    } else (this.#stash ??= new Stash()).add(bytes, at, to);
    if (this.#state === State.EXCHANGE) this.connection.pause();
    else if (fresh) process.nextTick(resumeStash, this);
  }

  /** No more requests: sends the FIN and waits a while for the client's, throwing away what it still sends. */
  #finish(): void {
    if (this.#state === State.CLOSED) return;
    const { wheel, limits } = this.#context.shared;
    this.#state = State.LINGER;
    this.#stash = null;
    this.#lingerUntil = wheel.now + MAX_LINGER_MS;
    this.connection.end();
    this.#unread = this.connection.pending;
    this.deadline.set(this.#unread > 0 ? limits.sendMs : LINGER_MS);
    if (!this.ended && this.connection.paused) this.connection.resume();
  }

  /** A client that still sends has not yet read that nobody listens. */
  #linger(): void {
    if (this.#context.shared.wheel.now > this.#lingerUntil) this.connection.destroy();
    else if (this.#unread === 0) this.deadline.set(LINGER_MS);
  }

  /** A client that still takes what it was answered is given time as long as it goes on taking. */
  #awaitTaking(): void {
    const { pending } = this.connection;
    if (pending === this.#unread) this.connection.destroy();
    else {
      this.#unread = pending;
      this.deadline.set(pending > 0 ? this.#context.shared.limits.sendMs : LINGER_MS);
    }
  }
}

function resumeStash(client: ClientConnection): void {
  client.readStash();
}

const LF = 0x0a;

/** How long a client may be silent after its last reply, and how long it may go on sending (nginx: `lingering_time`). */
const LINGER_MS = 2000;
const MAX_LINGER_MS = 30_000;
