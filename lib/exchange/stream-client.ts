import { constants, type ServerHttp2Stream } from 'node:http2';
import { Fault, faultOf } from '../core/faults.ts';
import { NOWHERE } from '../core/roster.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import { Deadline } from '../core/wheel.ts';
import { parseRequestHead } from '../http/parse-request.ts';
import { headBytes } from '../http2/head-bytes.ts';
import { ReplySide } from '../http2/reply-side.ts';
import { requestText } from '../http2/request-text.ts';
import { StreamConnection } from '../http2/stream-connection.ts';
import type { ConnectionOwner } from '../net/connection.ts';
import type { Endpoints } from '../net/endpoints.ts';
import type { Client } from './client.ts';
import type { ClientSession } from './client-session.ts';
import type { ClientUser } from './client-user.ts';
import type { Context } from './context.ts';
import type { Drain } from './drain.ts';
import type { Exchange } from './exchange.ts';
import { isGrpcType } from './grpc.ts';
import { ownReply } from './own-reply.ts';
import { isAdmin, WaitingClient } from './waiting-client.ts';

/** One stream of a client's session: asks once, by an exchange of its own. */
export class StreamClient implements Client, ConnectionOwner {
  readonly connection: StreamConnection;
  readonly address: string;
  readonly trusted: boolean;
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
  readonly deadline: Deadline;
  readonly refusal: number;
  readonly isGrpc: boolean;
  /** The client's side of a tunnel has ended; the end of a request is none of the client. */
  ended = false;
  /** In its session. */
  place = NOWHERE;
  readonly #context: Context;
  readonly #session: ClientSession;
  #user: ClientUser | null = null;
  /** Set while its body is awaited. */
  #exchange: Exchange | null = null;
  /** The head while it waits at the gate. */
  #head = '';
  #waiter: WaitingClient | null = null;
  /** Asks for a tunnel: what comes behind the head is not read before there is one. */
  readonly #isTunnel: boolean;
  /** Its reply is sent whole; what the client has not taken of it when it was last looked at. */
  #answered = false;
  #untaken = 0;

  /** `isWhole`: no body follows. */
  constructor(
    context: Context,
    session: ClientSession,
    h2: ServerHttp2Stream,
    fields: readonly string[],
    isWhole: boolean,
  ) {
    this.#context = context;
    this.#session = session;
    this.address = session.address;
    this.trusted = session.trusted;
    this.forwarded = session.forwarded;
    this.tls = session.tls;
    this.refusal = session.refusal;
    this.isGrpc = isGrpcType(valueOf(fields, 'content-type'));
    this.deadline = new Deadline(context.shared.wheel, this);
    const { head, key } = requestText(fields);
    this.#isTunnel = key !== '';
    this.connection = new StreamConnection(this, new ReplySide(h2, key), session.endpoints);
    this.connection.attach(h2);
    // Else Node, once our end is written, resets a stream that nobody has read, and nghttp2 drops what it has not sent by then. Paused
    // instead of read, it is destroyed when both of its ends are told, not within nghttp2, which costs an error object each time.
    if (isWhole) h2.pause();
    this.connection.ended = isWhole;
    if (typeof head === 'number') this.#refuseHead(head);
    else this.#enter(head);
  }

  endpoints(): Endpoints | null {
    return this.connection.endpoints();
  }

  onConnect(): void {}

  onBytes(bytes: Buffer, from: number, to: number): void {
    const at = this.#user?.onClientBytes(bytes, from, to) ?? to;
    // More than the head has announced.
    if (at < to) this.connection.closeWith(constants.NGHTTP2_PROTOCOL_ERROR);
  }

  onEnd(): void {
    if (this.#exchange !== null) this.#exchange.onClientFinish(this.connection.trailers);
    else if (this.#isTunnel) {
      this.ended = true;
      this.#user?.onClientEnd();
    }
  }

  onDrain(): void {
    this.#user?.onClientDrain();
  }

  onClose(): void {
    this.deadline.dispose();
    if (this.#waiter !== null) this.#context.gate?.leave(this.#waiter);
    const user = this.#user;
    this.#user = null;
    this.#exchange = null;
    user?.onClientGone();
    this.#session.left(this, this.#answered);
  }

  onDeadline(): void {
    if (this.#user !== null) {
      this.#user.onClientDeadline();
      return;
    }
    const { pending } = this.connection;
    if (pending === this.#untaken) this.connection.reset();
    else this.#awaitTaken();
  }

  next(): void {
    this.#leave();
    this.#end('');
  }

  cut(): void {
    this.#leave();
    this.connection.reset();
  }

  refuse(reply: string): void {
    this.#leave();
    if (reply === '') this.connection.closeWith(constants.NGHTTP2_CANCEL);
    else this.#end(reply);
  }

  drain(drain: Drain): void {
    this.#user?.onClientDraining(drain);
  }

  handOver(user: ClientUser): void {
    this.#user = user;
    this.#exchange = null;
    this.connection.read();
  }

  /** For its waiter only: what waited at the gate is begun, or (`isShed`) answered 503. */
  leaveGate(isShed: boolean): void {
    this.#waiter = null;
    if (this.connection.closed) return;
    const context = this.#context;
    const { shedding } = context;
    context.shedding ||= isShed;
    this.#begin(this.#head);
    context.shedding = shedding;
  }

  #enter(head: string): void {
    const { gate } = this.#context;
    if (gate === null || gate.admits() || isAdmin(headBytes(head), 0, head.length)) {
      this.#begin(head);
      return;
    }
    this.#head = head;
    this.#waiter = new WaitingClient(this);
    gate.wait(this.#waiter);
  }

  #begin(head: string): void {
    const { requestHead, shared } = this.#context;
    const bytes = headBytes(head);
    const at = parseRequestHead(requestHead, bytes, 0, head.length, shared.limits);
    if (at !== head.length) {
      this.#refuseHead(at < 0 ? at : Fault.BAD_H2_FIELD);
      return;
    }
    requestHead.readFrom(head);
    const exchange = this.#context.lendExchange();
    this.#user = exchange;
    this.#exchange = exchange;
    exchange.begin(this, bytes, at, at);
    if (!this.connection.ended && !this.#isTunnel) this.connection.read();
  }

  /**
   * A head that cannot be used never becomes an exchange. One that is malformed is an error of its stream (RFC 9113 8.1.1); one that
   * asks for too much, or for what nobody does, is answered.
   */
  #refuseHead(fault: number): void {
    const isMalformed = faultOf(fault).status === BAD_REQUEST;
    const reply = isMalformed ? '' : ownReply(fault, false, false);
    this.#context.shared.observer?.refused(fault, reply.length);
    if (isMalformed) this.connection.closeWith(constants.NGHTTP2_PROTOCOL_ERROR);
    else this.#end(reply);
  }

  #leave(): void {
    this.#user = null;
    this.#exchange = null;
  }

  /** Ends our message, and what is left of the client's is not wanted (RFC 9113 8.1). */
  #end(text: string): void {
    if (this.connection.closed) return;
    this.#answered = true;
    this.connection.finish(text, '');
    // Not at once: nghttp2 drops a head that it has not sent when it comes to the end of its stream.
    if (!this.connection.ended) setImmediate(endStream, this.connection);
    if (this.connection.pending > 0) this.#awaitTaken();
  }

  /** What a client does not take holds memory: waited for as long as it goes on taking. */
  #awaitTaken(): void {
    this.#untaken = this.connection.pending;
    this.deadline.set(this.#context.shared.limits.sendMs);
  }
}

function endStream(connection: StreamConnection): void {
  if (!connection.closed) connection.closeWith(constants.NGHTTP2_NO_ERROR);
}

/** The first field of a name; empty for none. */
function valueOf(fields: readonly string[], name: string): string {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? '';
  return '';
}

const BAD_REQUEST = 400;
