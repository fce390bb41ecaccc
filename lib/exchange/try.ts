import { Fault } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import type { Server } from '../upstream/server.ts';
import type { ServerConnection, ServerConnectionUser } from '../upstream/server-connection.ts';
import type { Context } from './context.ts';
import { ReplyRelay, Step } from './reply-relay.ts';

/** How far a try has come. */
export const Phase = {
  IDLE: 0,
  /** A server connection is being made. */
  CONNECT: 1,
  /** The head is sent; the body follows as it comes; the reply is awaited. */
  REPLY: 2,
  /** The reply's head is passed on; its body follows. */
  RELAY: 3,
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
  /** The reply is passed on whole. */
  onTryDone(one: Try): void;
  /** The server has failed before the reply was whole, or has kept us waiting too long. */
  onTryLost(one: Try, fault: number): void;
  /** The server has taken what was pending. */
  onTryDrain(one: Try): void;
}

/**
 * One attempt to have a request answered by one server: its connection, what is awaited of it, and the reply. It only
 * tells; whether another server is asked is for its owner to decide.
 *
 *     open -> connect -> (send) -> reply -> relay -> leave
 */
export class Try implements ServerConnectionUser {
  phase: number = Phase.IDLE;
  server: Server | null = null;
  connection: ServerConnection | null = null;
  /** The connection had carried an exchange before. */
  reused = false;
  readonly relay: ReplyRelay;
  /** When the server has kept us waiting too long. */
  readonly deadline: Deadline;
  readonly #owner: TryOwner;
  #since = 0;

  constructor(context: Context, owner: TryOwner) {
    this.#owner = owner;
    this.relay = new ReplyRelay(context);
    this.deadline = new Deadline(context.shared.wheel, this);
  }

  /** Nothing of the request has been written to the server. */
  get unsent(): boolean {
    return this.phase < Phase.REPLY;
  }

  /** Begins with a server; `connect` follows. */
  open(server: Server): void {
    server.chosen();
    this.server = server;
    this.#since = performance.now();
  }

  /**
   * Takes a connection to the server, idle ones first if they were used within `freshMs`. True: it can be written to now;
   * else `onTryConnected` tells within `connectMs`.
   */
  connect(freshMs: number, connectMs: number): boolean {
    const { server } = this;
    if (server === null) return false;
    this.phase = Phase.CONNECT;
    const connection = server.connect(freshMs);
    this.connection = connection;
    this.reused = connection.uses > 0;
    connection.lend(this);
    if (connection.connected) return true;
    this.deadline.set(connectMs);
    return false;
  }

  /** Ends the connection in the middle of the exchange. */
  abandon(): void {
    this.connection?.abandon();
    this.connection = null;
  }

  /** Gives the connection back whole. */
  release(): void {
    this.connection?.release();
    this.connection = null;
  }

  /** Gives the connection away together with its server, which stays in use until its new holder is done with it. */
  handOver(): ServerConnection | null {
    const { connection } = this;
    this.connection = null;
    this.server = null;
    return connection;
  }

  /** The server is done with, well or not; answers the time that was spent on it, in milliseconds. */
  leave(): number {
    const { server } = this;
    if (server === null) return 0;
    server.done();
    this.server = null;
    return this.spentMs;
  }

  /** Time since it was opened, in milliseconds. */
  get spentMs(): number {
    return performance.now() - this.#since;
  }

  /** Ready for another server. */
  reset(): void {
    this.deadline.dispose();
    this.phase = Phase.IDLE;
    this.connection = null;
    this.relay.reset();
  }

  onServerConnect(): void {
    if (this.phase === Phase.CONNECT) this.#owner.onTryConnected(this);
  }

  onServerBytes(bytes: Buffer, from: number, to: number): void {
    if (this.phase < Phase.REPLY) {
      this.#owner.onTryLost(this, Fault.BAD_REPLY);
      return;
    }
    const step = this.relay.take(bytes, from, to);
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
      case Step.DONE:
        this.#owner.onTryDone(this);
        break;
      default:
        this.#owner.onTryLost(this, step);
    }
  }

  onServerEnd(): void {
    if (this.phase === Phase.RELAY && this.relay.end()) this.#owner.onTryDone(this);
    else this.#owner.onTryLost(this, this.phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  onServerDrain(): void {
    this.#owner.onTryDrain(this);
  }

  onServerClose(): void {
    this.connection = null;
    if (this.phase === Phase.CONNECT) this.#owner.onTryLost(this, Fault.CONNECT_FAILED);
    else this.#owner.onTryLost(this, this.phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  onDeadline(): void {
    if (this.phase === Phase.CONNECT) this.#owner.onTryLost(this, Fault.CONNECT_TIMEOUT);
    else if (this.phase === Phase.RELAY) this.#owner.onTryLost(this, Fault.REPLY_CUT);
    else if (this.phase === Phase.REPLY) this.#owner.onTryLost(this, Fault.SERVER_TIMEOUT);
  }
}
