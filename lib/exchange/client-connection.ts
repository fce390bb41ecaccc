import { Fault } from '../core/faults.ts';
import { NOWHERE } from '../core/roster.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { Deadline } from '../core/wheel.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import type { Connection, ConnectionOwner } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import { connectionOf, type Accepted } from '../net/listener.ts';
import type { Gate } from '../overload/gate.ts';
import type { Client } from './client.ts';
import { changeToSession } from './begin-session.ts';
import { State } from './client-state.ts';
import type { ClientUser } from './client-user.ts';
import type { Context } from './context.ts';
import type { Drain } from './drain.ts';
import { forwardedLines } from './forwarded.ts';
import type { Guest } from './guest.ts';
import { ownReply } from './own-reply.ts';
import { Stash } from './stash.ts';
import { Untaken } from './untaken.ts';
import { isAdmin, plainRefusal, WaitingClient } from './waiting-client.ts';

/**
 * A client's connection: cuts what arrives into requests, one exchange at a time, and ends in one of the ways of
 * RFC 9112 9. Bytes that belong to a later request wait in `#stash`, and nothing more is read meanwhile.
 */
export class ClientConnection implements Client, ConnectionOwner, Guest {
  readonly connection: Connection;
  readonly address: string;
  readonly trusted: boolean;
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
  readonly deadline: Deadline;
  ended = false;
  place = NOWHERE;
  readonly isGrpc = false;
  readonly #context: Context;
  #state: number = State.HEAD;
  #stash: Stash | null = null;
  #user: ClientUser | null = null;
  refusal = 0;
  /** Wheel time since when it waits for a request. */
  #silentSince: number;
  /** Wheel time at which the present head began; 0 while between requests. */
  #headSince = 0;
  /** Bytes of the head that were there when it was parsed last. */
  #parsed = 0;
  /** HTTP/2 may be spoken: it is where it came in, and nothing else has been spoken yet. */
  #http2: boolean;
  /** Set once it is behind, or lingers. */
  #taking: Untaken | null = null;
  #waiter: WaitingClient | null = null;

  constructor(context: Context, accepted: Accepted) {
    this.#context = context;
    this.address = accepted.address;
    this.trusted = context.shared.trusted.has(accepted.address);
    this.tls = accepted.greeted?.tls ?? null;
    this.#http2 = accepted.http2 && this.tls === null;
    this.forwarded = this.trusted ? null : forwardedLines(accepted.address, this.tls);
    this.deadline = new Deadline(context.shared.wheel, this);
    this.connection = connectionOf(accepted, this);
    this.#silentSince = context.shared.wheel.now;
    context.addClient(this);
    this.deadline.set(context.drain === null ? context.shared.limits.headMs : context.drain.idleMs());
    this.connection.resume();
  }

  endpoints(): Endpoints | null {
    return this.connection.endpoints();
  }

  onConnect(): void {}

  onBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#state === State.HEAD) this.#readHead(bytes, from, to);
    else if (this.#state === State.EXCHANGE)
      this.#afterBody(this.#user?.onClientBytes(bytes, from, to) ?? to, bytes, to, null);
    else if (this.#state === State.LINGER) this.#taking?.onBytes();
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
    if (this.#waiter !== null) this.#context.gate?.leave(this.#waiter);
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
    else this.#taking?.onDeadline();
  }

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
    this.#taking = new Untaken(this.connection, this.deadline, this.#context.shared);
    this.#taking.wait();
  }

  cut(): void {
    this.#user = null;
    this.connection.reset();
  }

  refuse(reply: string): void {
    this.#user = null;
    if (this.#state === State.CLOSED) return;
    if (reply === '') this.connection.destroy();
    else {
      this.connection.writeText(reply);
      this.#finish();
    }
  }

  destroy(): void {
    this.connection.destroy();
  }

  silentMs(now: number): number {
    return this.#state === State.HEAD ? now - this.#silentSince : 0;
  }

  drain(drain: Drain): void {
    if (this.#state === State.EXCHANGE) this.#user?.onClientDraining(drain);
    else if (this.#state === State.HEAD && this.#headSince === 0) this.deadline.set(drain.idleMs());
  }

  handOver(user: ClientUser): void {
    this.#user = user;
    const stash = this.#stash;
    this.#stash = null;
    if (stash !== null) user.onClientBytes(stash.bytes, stash.start, stash.end);
    if (this.connection.paused) this.connection.resume();
    if (this.ended) user.onClientEnd();
  }

  readStash(): void {
    if (this.#state !== State.HEAD || this.#stash === null) return;
    const { gate } = this.#context;
    if (gate === null || gate.admits()) this.#resumeHead(this.#stash);
    else this.#wait(gate);
  }

  /** For its waiter only: what waited at the gate is begun, or (`isShed`) answered 503. */
  leaveGate(isShed: boolean): void {
    this.#waiter = null;
    if (this.#state !== State.WAIT || this.#stash === null) return;
    this.#state = State.HEAD;
    if (!isShed) this.#resumeHead(this.#stash);
    else this.#shed(this.#stash);
  }

  /** Answers 503 to what waits: at once where no more than a plain request is there, else by an exchange. */
  #shed(stash: Stash): void {
    const answer = plainRefusal(this.#context, stash);
    if (answer !== null && !this.ended) {
      this.connection.writeText(answer);
      this.#stash = null;
      this.#awaitHead();
      return;
    }
    const { shedding } = this.#context;
    this.#context.shedding = true;
    this.#resumeHead(stash);
    this.#context.shedding = shedding;
  }

  #resumeHead(stash: Stash): void {
    this.#readStash(stash, true);
    if (this.#state === State.HEAD && this.connection.paused) this.connection.resume();
  }

  /** Ready for the next request, of which a part may have come already. */
  #awaitHead(): void {
    const { drain, shared } = this.#context;
    this.#state = State.HEAD;
    this.#headSince = 0;
    this.#silentSince = shared.wheel.now;
    this.deadline.set(drain === null ? shared.limits.keepAliveMs : drain.idleMs());
    // Not at once: a client that pipelines thousands of requests must not make a stack of them.
    if (this.#stash !== null) process.nextTick(resumeStash, this);
    else if (this.connection.paused) this.connection.resume();
  }

  #readHead(bytes: Buffer, from: number, to: number): void {
    const { gate } = this.#context;
    if (gate !== null && !gate.admits() && !isAdmin(bytes, from, to)) {
      (this.#stash ??= new Stash()).add(bytes, from, to);
      this.#wait(gate);
      return;
    }
    if (this.#stash !== null) {
      this.#stash.add(bytes, from, to);
      this.#readStash(this.#stash, bytes.subarray(from, to).includes(LF));
      return;
    }
    const { requestHead, shared } = this.#context;
    const at = parseRequestHead(requestHead, bytes, from, to, shared.limits);
    if (at > 0) this.#begin(bytes, at, to, null);
    else if (at < 0) this.#refuse(at, bytes, from, to);
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
    } else if (at < 0) this.#refuse(at, stash.bytes, stash.start, stash.end);
    else this.#awaitRest(stash.length);
  }

  /** Its request waits until the gate says otherwise. */
  #wait(gate: Gate): void {
    this.#state = State.WAIT;
    this.deadline.cancel();
    this.connection.pause();
    this.#waiter = new WaitingClient(this);
    gate.wait(this.#waiter);
  }

  /** `length` bytes of a head are there: the rest has its time, which later bytes do not prolong. */
  #awaitRest(length: number): void {
    this.#parsed = length;
    if (this.#headSince !== 0) return;
    const { wheel, limits } = this.#context.shared;
    this.#headSince = wheel.now;
    this.deadline.set(limits.headMs);
  }

  #begin(source: Buffer, at: number, end: number, stash: Stash | null): void {
    this.deadline.cancel();
    this.#state = State.EXCHANGE;
    this.#http2 = false;
    const exchange = this.#context.lendExchange();
    this.#user = exchange;
    this.#afterBody(exchange.begin(this, source, at, end), source, end, stash);
  }

  /** A head that cannot be used never becomes an exchange; `source`[from..to): what it began with. */
  #refuse(fault: number, source: Buffer, from: number, to: number): void {
    if (fault !== Fault.HTTP2_PREFACE || !this.#http2) return this.#refuseHead(fault);
    this.#state = State.CLOSED;
    this.deadline.dispose();
    // Copied: what was read lies in memory that the next read overwrites.
    changeToSession(this.#context, this, Buffer.from(source.subarray(from, to)));
  }

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

  /** No more requests: says goodbye. */
  #finish(): void {
    if (this.#state === State.CLOSED) return;
    this.#state = State.LINGER;
    this.#stash = null;
    this.#taking = new Untaken(this.connection, this.deadline, this.#context.shared);
    this.#taking.finish();
    if (!this.ended && this.connection.paused) this.connection.resume();
  }
}

function resumeStash(client: ClientConnection): void {
  client.readStash();
}
const LF = 0x0a;
