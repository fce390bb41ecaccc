import { monotonicMs } from '../core/clock.ts';
import { Fault } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { Unprocessed } from '../net/unprocessed.ts';
import { isExhaustion } from '../net/exhaustion.ts';
import type { ClientEnd } from '../upstream/dialer.ts';
import type { Server } from '../upstream/server.ts';
import type { ServerConnection, ServerConnectionUser } from '../upstream/server-connection.ts';
import type { Context } from './context.ts';
import type { StoredFeed } from './stored-feed.ts';
import type { EncoderOwner } from './encoder.ts';
import { lookFirst } from './look-first.ts';
import { ReplyRelay, Step } from './reply-relay.ts';

/** How far a try has come. */
export const Phase = {
  IDLE: 0,
  /** Its server is chosen. */
  WAIT: 1,
  /** A server connection is being made, or looked at. */
  CONNECT: 2,
  /** The head is sent; the body follows as it comes; the reply is awaited. */
  REPLY: 3,
  /** The reply's head is passed on; its body follows. */
  RELAY: 4,
} as const;

/** Who made a try and decides what follows from what becomes of it. Any of these calls may end the try. */
export interface TryOwner {
  /** The request can be written. */
  onTryConnected(one: Try): void;
  /** Something of the reply has come and was passed on; more follows. */
  onTryProgress(one: Try): void;
  /** The final head of the reply is there; `relay.pass` sends it on. */
  onTryHead(one: Try): void;
  /** The server agrees to upgrade. */
  onTryUpgraded(one: Try): void;
  /** The reply is read whole, and a part of it is still on its way to the client; may be told again. */
  onTryRead(one: Try): void;
  /** The reply is passed on whole. */
  onTryDone(one: Try): void;
  /** What is done to the reply on its way has written to the client, or takes more. */
  onTryStage(one: Try): void;
  /** The server has failed before the reply was whole, or has kept us waiting too long. */
  onTryLost(one: Try, fault: number): void;
  /** The server has taken what was pending. */
  onTryDrain(one: Try): void;
  /** A server says nothing, to anybody: another one may be asked beside. */
  onAlarm(): void;
}

/**
 * One attempt to have a request answered by one server: its connection, what is awaited of it, and the reply. It only
 * tells; whether another server is asked is for its owner to decide.
 *
 *     open -> connect -> (send) -> reply -> relay -> leave
 */
export class Try implements ServerConnectionUser, EncoderOwner {
  phase: number = Phase.IDLE;
  server: Server | null = null;
  /** Why it was lost; 0 while it is not. */
  fault = 0;
  connection: ServerConnection | null = null;
  /** What gives the reply instead of a server; null: a server does. */
  stored: StoredFeed | null = null;
  /** The connection had carried an exchange before. */
  reused = false;
  /** Its server was silent to everybody until it said this. */
  endsSilence = false;
  /** Wheel time at which the reply's head must be there; 0: unbounded. */
  until = 0;
  /** Of its own in a trace; null where nothing is traced. */
  spanId: string | null;
  readonly relay: ReplyRelay;
  /** When the server has kept us waiting too long. */
  readonly deadline: Deadline;
  readonly #owner: TryOwner;
  #since = 0;
  #renewed = false;
  /** The server knows that its reply is awaited. */
  #isAwaited = false;
  /** It was counted as a failure of the server that it says nothing. */
  #isBlamed = false;
  /** Wheel time at which the reply has to begin, while the server is looked after before that; 0: it is not. */
  #replyBy = 0;
  #silenceMs = 0;

  constructor(context: Context, owner: TryOwner) {
    this.#owner = owner;
    this.spanId = (context.shared.identities?.tracing ?? null) === null ? null : '';
    this.relay = new ReplyRelay(context, this);
    this.deadline = new Deadline(context.shared.wheel, this);
  }

  /** Begins with a server; `connect` follows. */
  open(server: Server): void {
    server.chosen();
    this.server = server;
    this.fault = 0;
    this.#renewed = false;
    this.#isBlamed = false;
    this.endsSilence = false;
    this.phase = Phase.WAIT;
    this.#since = monotonicMs();
  }

  /**
   * Takes a connection to the server, idle ones first if they were used within `freshMs`. True: it can be written to now;
   * else `onTryConnected` tells, within `connectMs` if it is a new one. `check`: an idle one is first given the time to tell that its
   * server has closed it, unless it was used a moment ago and not for the first time: its server keeps its connections.
   */
  connect(client: ClientEnd, freshMs: number, connectMs: number, check: boolean): boolean {
    const { server } = this;
    if (server === null) return false;
    this.phase = Phase.CONNECT;
    const connection = server.connect(check ? server.earlyEnds.freshMs(freshMs) : freshMs, client);
    this.connection = connection;
    this.reused = connection.uses > 0;
    connection.lend(this);
    if (!connection.connected) this.deadline.set(connectMs);
    else if (check && (connection.uses === 1 || connection.idleSince !== this.deadline.wheel.now))
      lookFirst(this, connection);
    else return true;
    return false;
  }

  /** The server is waited for, so long but no longer than `until`, unless its reply has begun to be passed on. */
  wait(ms: number): void {
    this.#replyBy = 0;
    this.deadline.set(this.#atMost(ms));
  }

  /** The request is sent whole: its reply is waited for, so long; whether the server says anything at all, every `silenceMs`. */
  awaitReply(ms: number, silenceMs: number): void {
    if (!this.#isAwaited) this.server?.silence.begins();
    this.#isAwaited = this.server !== null;
    const most = this.#atMost(ms);
    if (silenceMs === 0 || silenceMs >= most) return this.wait(ms);
    this.#replyBy = this.deadline.wheel.now + most;
    this.#silenceMs = silenceMs;
    this.deadline.set(silenceMs);
  }

  /** Whether another connection to the same server is to do what this one has not, for a reason that says nothing about the server. */
  renews(fault: number): boolean {
    if (this.server?.listed !== true) return false;
    // A kept connection that its server closes in the moment of its use.
    if (fault === Fault.SERVER_CLOSED) return this.reused && this.relay.untouched;
    // A session that has come to its end, or is full: once, then its server is.
    const isRenewed = fault === Fault.STREAM_REFUSED && !this.#renewed;
    this.#renewed ||= isRenewed;
    return isRenewed;
  }

  /** Leaves a connection that is still being made to its server's pool. */
  leaveDialling(): void {
    this.connection?.leaveDialling(ORPHAN_MS);
    this.connection = null;
  }

  /** Ends the connection in the middle of the exchange. */
  abandon(): void {
    this.connection?.abandon();
    this.connection = null;
  }

  /** Gives the connection back whole. */
  release(): void {
    this.connection?.release(this.relay.keptMs);
    this.connection = null;
  }

  /** Gives the connection away together with its server, which stays in use until its new holder is done with it. */
  handOver(): ServerConnection | null {
    const { connection } = this;
    this.#unawait();
    this.connection = null;
    this.server = null;
    return connection;
  }

  /** The server is done with, well or not; answers the time that was spent on it, in milliseconds. */
  leave(): number {
    const { server } = this;
    if (server === null) return 0;
    this.#unawait();
    server.done();
    this.server = null;
    return this.spentMs;
  }

  /** The server has replied well. */
  succeeded(): void {
    const { server } = this;
    if (server === null) return;
    server.succeeded();
    if (server.isTimed) server.replied(this.spentMs);
  }

  /** The client has given up on a reply that has not begun. */
  forsaken(): void {
    if (this.phase === Phase.REPLY) this.server?.forsaken(this.spentMs);
  }

  /** When it was opened, by `performance.now`. */
  get sinceMs(): number {
    return this.#since;
  }

  /** Time since it was opened, in milliseconds. */
  get spentMs(): number {
    return monotonicMs() - this.#since;
  }

  /** Ready for another server. */
  reset(): void {
    this.deadline.dispose();
    this.phase = Phase.IDLE;
    this.until = 0;
    this.connection = null;
    this.stored = null;
    this.relay.reset();
  }

  /** Tells what the reply has come to: a `Step`, or a fault. */
  follow(step: number): void {
    switch (step) {
      case Step.MORE:
        this.#owner.onTryProgress(this);
        break;
      case Step.HEAD:
        this.#owner.onTryHead(this);
        break;
      case Step.UPGRADED:
        this.#owner.onTryUpgraded(this);
        break;
      case Step.READ:
        this.#owner.onTryRead(this);
        break;
      case Step.DONE:
        this.#owner.onTryDone(this);
        break;
      default:
        this.#owner.onTryLost(this, step);
    }
  }

  onServerConnect(): void {
    if (this.phase === Phase.CONNECT) this.#owner.onTryConnected(this);
  }

  onServerBytes(bytes: Buffer, from: number, to: number): void {
    if (this.phase < Phase.REPLY) {
      // On a kept connection that is how a server says that it has closed it: 408, for instance.
      this.#owner.onTryLost(this, this.reused ? Fault.SERVER_CLOSED : Fault.BAD_REPLY);
      return;
    }
    if (this.server?.heard() === true) this.endsSilence = true;
    const step = this.relay.take(bytes, from, to);
    if (this.#isAwaited && step !== Step.MORE) this.#unawait();
    this.follow(step);
  }

  onServerEnd(): void {
    this.#noteEnd();
    this.follow(this.relay.end());
  }

  onServerDrain(): void {
    this.#owner.onTryDrain(this);
  }

  onServerClose(error: Error | null): void {
    this.#noteEnd();
    this.connection = null;
    if (this.relay.whole) return;
    if (error instanceof Unprocessed) this.#owner.onTryLost(this, Fault.STREAM_REFUSED);
    else if (this.phase === Phase.CONNECT && !this.reused)
      this.#owner.onTryLost(this, isExhaustion(error) ? Fault.NO_SOCKET : Fault.CONNECT_FAILED);
    else this.#owner.onTryLost(this, this.phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  onEncoder(): void {
    if (this.relay.ended) this.#owner.onTryDone(this);
    else this.#owner.onTryStage(this);
  }

  onEncoderError(): void {
    this.#owner.onTryLost(this, Fault.INTERNAL);
  }

  onDeadline(): void {
    if (this.phase === Phase.CONNECT) this.#owner.onTryLost(this, Fault.CONNECT_TIMEOUT);
    else if (this.phase === Phase.RELAY) this.#owner.onTryLost(this, Fault.REPLY_CUT);
    else if (this.phase === Phase.REPLY) this.#onQuiet();
  }

  /** A kept connection has ended instead of its next reply. */
  #noteEnd(): void {
    const { connection, server } = this;
    if (!this.reused || !this.relay.untouched || connection === null) return;
    server?.earlyEnds.ended(connection.idleSince);
  }

  /** Nothing has come of the reply. */
  #onQuiet(): void {
    const { server, deadline } = this;
    const leftMs = this.#replyBy - deadline.wheel.now;
    if (leftMs <= 0 || server === null) return this.#owner.onTryLost(this, Fault.SERVER_TIMEOUT);
    deadline.set(Math.min(leftMs, this.#silenceMs));
    if (!server.isSilent(this.#silenceMs)) return;
    if (!this.#isBlamed) server.hung();
    this.#isBlamed = true;
    this.#owner.onAlarm();
  }

  #unawait(): void {
    if (this.#isAwaited) this.server?.silence.ends();
    this.#isAwaited = false;
  }

  #atMost(ms: number): number {
    const left = this.until - this.deadline.wheel.now;
    return this.until !== 0 && left < ms && this.phase < Phase.RELAY ? Math.max(left, 0) : ms;
  }
}

/** A connection that another one has overtaken has this long to be made. */
const ORPHAN_MS = 1000;
