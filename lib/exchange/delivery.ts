import { Fault, faultOf } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { Half, mayReuse, Reuse } from '../http/persist.ts';
import type { ServerConnection, ServerConnectionUser } from '../upstream/server-connection.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Context } from './context.ts';
import { ReplyRelay, Step } from './reply-relay.ts';
import type { RequestBody } from './request-body.ts';
import { idempotent, retriedStatus } from './retry.ts';
import { Tries } from './tries.ts';

/** What became of a delivery. One of these is told, once, and may end the delivery from inside the call. */
export interface DeliveryOwner {
  /** The reply was passed on whole. `keepAlive`: the client's connection can carry another request. */
  onDelivered(status: number, keepAlive: boolean): void;
  /** No server has replied, for the last reason. */
  onUndelivered(fault: number): void;
  /** A server's reply broke off after its head was passed on. */
  onCut(status: number): void;
  /** The server agrees to upgrade; `delivery.handOver` gives its connection away. */
  onUpgraded(): void;
}

const Phase = {
  IDLE: 0,
  /** A server connection is being made. */
  CONNECT: 1,
  /** The head is sent; the body follows as it comes; the reply is awaited. */
  REPLY: 2,
  /** The reply's head is passed on; its body follows. */
  RELAY: 3,
} as const;

/**
 * The server's half of an exchange: gives the request to a server, and to another one where that may help, until a reply
 * begins, and passes it on.
 *
 *     choose -> connect -> send -> reply -> relay
 *        ^                     |
 *        +------- retry -------+
 */
export class Delivery implements ServerConnectionUser {
  readonly #context: Context;
  readonly #owner: DeliveryOwner;
  readonly #body: RequestBody;
  readonly #relay: ReplyRelay;
  readonly #tries = new Tries();
  readonly #deadline: Deadline;
  #phase: number = Phase.IDLE;
  #client: ClientConnection | null = null;
  #head = '';
  #method = '';
  #minor = 1;
  #idempotent = false;
  #upgrade: string | null = null;
  #keepAlive = false;
  /** Nothing of the request has been written to the present server. */
  #unsent = true;
  /** Bytes that the client had not taken when it was last looked at. */
  #unread = 0;

  constructor(context: Context, owner: DeliveryOwner, body: RequestBody) {
    this.#context = context;
    this.#owner = owner;
    this.#body = body;
    this.#relay = new ReplyRelay(context);
    this.#deadline = new Deadline(context.shared.wheel, this);
  }

  /** Servers tried so far. */
  get tries(): number {
    return this.#tries.count;
  }

  /** Time spent on the servers that are done with, in milliseconds. */
  get costMs(): number {
    return this.#tries.costMs;
  }

  /** Whether a part of the reply has been passed on. */
  get replying(): boolean {
    return this.#phase === Phase.RELAY;
  }

  /** Prepares for a request of this client, so that its body can be paced. */
  prepare(client: ClientConnection, method: string, minor: number): void {
    this.#client = client;
    this.#method = method;
    this.#minor = minor;
    this.#idempotent = idempotent(method);
  }

  /** Sends `head` and the body to a server of `upstream`; `upgrade`: the protocols the client wants to change to, or null. */
  start(upstream: Upstream | null, head: string, upgrade: string | null, keepAlive: boolean): void {
    this.#tries.upstream = upstream;
    this.#head = head;
    this.#upgrade = upgrade;
    this.#keepAlive = keepAlive;
    this.#choose(Fault.NO_SERVER);
  }

  /** Gives up whatever is under way; returns the reply's status if its head had been passed on, else 0. */
  abandon(): number {
    const status = this.#phase === Phase.RELAY ? this.#relay.status : 0;
    this.#tries.abandon();
    this.#tries.leave();
    this.#deadline.dispose();
    this.#phase = Phase.IDLE;
    return status;
  }

  /** Gives the present server's connection away after `onUpgraded`, with what it sent behind its head. */
  handOver(): { connection: ServerConnection | null; head: string; rest: Buffer } {
    const connection = this.#tries.handOver();
    return { connection, head: this.#relay.upgradeHead(), rest: this.#relay.restOfUpgrade() };
  }

  /** Ready for the next request, of any client. */
  reset(): void {
    this.#deadline.dispose();
    this.#phase = Phase.IDLE;
    this.#client = null;
    this.#head = '';
    this.#tries.reset();
    this.#relay.reset();
  }

  /** Holds the client back while the server is behind, and sets the deadline of whoever is awaited. */
  pace(): void {
    const client = this.#client;
    if (client === null) return;
    const { limits } = this.#context.shared;
    const replying = this.#phase === Phase.REPLY;
    if (this.#body.complete) {
      if (!replying) return;
      if (!client.ended) client.deadline.cancel();
      this.#deadline.set(limits.readMs);
    } else {
      const isHeld = this.#body.full;
      if (isHeld) client.connection.pause();
      else if (client.connection.paused) client.connection.resume();
      // Once the reply has begun the body is no longer awaited: a client may leave it at that (RFC 9112 9.3).
      if (this.#phase === Phase.RELAY) return;
      if (isHeld) client.deadline.cancel();
      else client.deadline.set(limits.bodyIdleMs);
      if (!replying) return;
      if (isHeld) this.#deadline.set(limits.readMs);
      else this.#deadline.cancel();
    }
  }

  /** The client has taken what was pending. */
  onClientDrain(): void {
    if (this.#phase < Phase.REPLY) return;
    this.#client?.deadline.cancel();
    this.#tries.connection?.connection.resume();
    if (this.#phase === Phase.REPLY) this.pace();
    else this.#deadline.set(this.#context.shared.limits.readMs);
  }

  /** The client was awaited too long inside a reply: true if it still takes something, and is only slow. */
  clientIsSlow(client: ClientConnection): boolean {
    const { pending } = client.connection;
    if (pending === 0 || pending >= this.#unread) return false;
    this.#unread = pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
    return true;
  }

  onServerConnect(): void {
    if (this.#phase === Phase.CONNECT) this.#send();
  }

  onServerBytes(bytes: Buffer, from: number, to: number): void {
    const client = this.#client;
    if (client === null || this.#phase < Phase.REPLY) return this.#lost(Fault.BAD_REPLY);
    const { limits } = this.#context.shared;
    this.#deadline.set(limits.readMs);
    if (client.ended) client.deadline.set(limits.halfCloseMs);
    const step = this.#relay.take(bytes, from, to);
    switch (step) {
      case Step.MORE:
        // After 100 Continue it is the client's turn.
        if (this.#phase === Phase.REPLY) this.pace();
        this.#holdBack(client);
        break;
      case Step.HEAD:
        this.#replied(client);
        break;
      case Step.UPGRADED:
        this.#tries.server?.succeeded();
        this.#deadline.dispose();
        this.#owner.onUpgraded();
        break;
      case Step.DONE:
        this.#complete();
        break;
      default:
        this.#lost(step);
    }
  }

  onServerEnd(): void {
    if (this.#phase === Phase.RELAY && this.#relay.end()) this.#complete();
    else this.#lost(this.#phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  onServerDrain(): void {
    this.pace();
  }

  onServerClose(): void {
    this.#tries.connection = null;
    if (this.#phase === Phase.CONNECT) this.#lost(Fault.CONNECT_FAILED);
    else this.#lost(this.#phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  /** The server has kept us waiting too long. */
  onDeadline(): void {
    if (this.#phase === Phase.CONNECT) this.#lost(Fault.CONNECT_TIMEOUT);
    else if (this.#phase === Phase.RELAY) this.#lost(Fault.REPLY_CUT);
    else if (this.#phase === Phase.REPLY) this.#lost(Fault.SERVER_TIMEOUT);
  }

  /** Tries the next server; `fault` is why the one before was left. */
  #choose(fault: number): void {
    if (this.#tries.next()) this.#connect(this.#idempotent && this.#body.replayable ? Infinity : FRESH_MS);
    else this.#owner.onUndelivered(fault);
  }

  #connect(freshMs: number): void {
    const connection = this.#tries.connect(this, freshMs);
    this.#unsent = true;
    if (connection?.connected === true) this.#send();
    else {
      this.#phase = Phase.CONNECT;
      this.#deadline.set(this.#context.shared.limits.connectMs);
    }
  }

  #send(): void {
    const { connection } = this.#tries;
    const client = this.#client;
    if (connection === null || client === null) return;
    this.#phase = Phase.REPLY;
    this.#unsent = false;
    this.#relay.begin(client.connection, this.#method, this.#upgrade, this.#minor);
    this.#body.attach(connection.connection, this.#head);
    this.pace();
  }

  /** The final head of the reply is there: passed on, unless another server may do better. */
  #replied(client: ClientConnection): void {
    if (retriedStatus(this.#relay.status)) {
      this.#tries.server?.failed();
      if (this.#idempotent && this.#body.replayable && this.#retryElsewhere()) return;
    } else this.#tries.server?.succeeded();
    this.#phase = Phase.RELAY;
    if (!client.ended) client.deadline.cancel();
    // A body that is still arriving would be read as the next request: the connection ends with this reply.
    this.#keepAlive = this.#relay.pass(this.#keepAlive && this.#body.complete && !this.#context.draining);
    if (this.#relay.fault !== 0) this.#lost(this.#relay.fault);
    else if (this.#relay.done) this.#complete();
    else this.#holdBack(client);
  }

  /** Gives up on the present server's reply if there is another server to ask. */
  #retryElsewhere(): boolean {
    if (!this.#tries.next()) return false;
    this.#tries.abandon();
    this.#body.detach();
    this.#connect(Infinity);
    return true;
  }

  /** Holds the server back while the client is behind. */
  #holdBack(client: ClientConnection): void {
    if (!client.connection.full) return;
    this.#tries.connection?.connection.pause();
    this.#deadline.cancel();
    this.#unread = client.connection.pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
  }

  #complete(): void {
    const request = (this.#body.complete ? Half.READ | Half.SENT : 0) | (this.#keepAlive ? Half.PERSISTS : 0);
    // A server that declined to change the protocol may read on in its own way: Node's leaves unanswered what it cannot parse.
    const persists = this.#relay.reusable && this.#upgrade === null;
    const reuse = mayReuse(request, Half.READ | Half.SENT | (persists ? Half.PERSISTS : 0));
    if ((reuse & Reuse.SERVER) !== 0) this.#tries.release();
    else this.#tries.abandon();
    this.#tries.leave();
    this.#owner.onDelivered(this.#relay.status, (reuse & Reuse.CLIENT) !== 0);
  }

  /** The present server has failed before the reply was whole. */
  #lost(fault: number): void {
    if (this.#phase === Phase.IDLE) return;
    this.#tries.abandon();
    this.#body.detach();
    if (this.#phase === Phase.RELAY) {
      this.#tries.leave();
      this.#owner.onCut(this.#relay.status);
      return;
    }
    const replayable = this.#unsent || (this.#idempotent && this.#body.replayable);
    if (
      fault === Fault.SERVER_CLOSED &&
      replayable &&
      this.#tries.reused &&
      this.#relay.untouched &&
      this.#tries.server?.listed
    ) {
      // A kept connection that its server closes in the moment of its use says nothing about the server.
      this.#connect(NEVER_REUSED);
      return;
    }
    this.#tries.server?.failed();
    this.#tries.leave();
    if (replayable && faultOf(fault).retry) this.#choose(fault);
    else this.#owner.onUndelivered(fault);
  }
}

/** What a request that cannot be sent twice accepts of a kept connection: so young that its server has hardly closed it. */
const FRESH_MS = 1000;
const NEVER_REUSED = -1;
