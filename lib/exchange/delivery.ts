import { Fault, faultOf } from '../core/faults.ts';
import { Half, mayReuse, Reuse } from '../http/persist.ts';
import type { ServerConnection } from '../upstream/server-connection.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Context } from './context.ts';
import type { RequestBody } from './request-body.ts';
import { idempotent, retriedStatus } from './retry.ts';
import { Tries } from './tries.ts';
import { Phase, Try, type TryOwner } from './try.ts';

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

/**
 * The server's half of an exchange: gives the request to a server, and to another one where that may help, until a reply
 * begins, and passes it on.
 *
 *     choose -> connect -> send -> reply -> relay
 *        ^                     |
 *        +------- retry -------+
 */
export class Delivery implements TryOwner {
  readonly #context: Context;
  readonly #owner: DeliveryOwner;
  readonly #body: RequestBody;
  readonly #tries = new Tries();
  readonly #try: Try;
  #client: ClientConnection | null = null;
  #head = '';
  #method = '';
  #minor = 1;
  #idempotent = false;
  #upgrade: string | null = null;
  #keepAlive = false;
  /** Bytes that the client had not taken when it was last looked at. */
  #unread = 0;

  constructor(context: Context, owner: DeliveryOwner, body: RequestBody) {
    this.#context = context;
    this.#owner = owner;
    this.#body = body;
    this.#try = new Try(context, this);
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
    return this.#try.phase === Phase.RELAY;
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
    const status = this.replying ? this.#try.relay.status : 0;
    this.#try.abandon();
    this.#leave();
    this.#try.reset();
    return status;
  }

  /** Gives the present server's connection away after `onUpgraded`, with what it sent behind its head. */
  handOver(): { connection: ServerConnection | null; head: string; rest: Buffer } {
    const { relay } = this.#try;
    this.#tries.costMs += this.#try.spentMs;
    const connection = this.#try.handOver();
    return { connection, head: relay.upgradeHead(), rest: relay.restOfUpgrade() };
  }

  /** Ready for the next request, of any client. */
  reset(): void {
    this.#leave();
    this.#try.reset();
    this.#client = null;
    this.#head = '';
    this.#tries.reset();
  }

  /** Holds the client back while the server is behind, and sets the deadline of whoever is awaited. */
  pace(): void {
    const client = this.#client;
    if (client === null) return;
    const { limits } = this.#context.shared;
    const { phase, deadline } = this.#try;
    if (this.#body.complete) {
      if (phase !== Phase.REPLY) return;
      if (!client.ended) client.deadline.cancel();
      deadline.set(limits.readMs);
    } else {
      const isHeld = this.#body.full;
      if (isHeld) client.connection.pause();
      else if (client.connection.paused) client.connection.resume();
      // Once the reply has begun the body is no longer awaited: a client may leave it at that (RFC 9112 9.3).
      if (phase === Phase.RELAY) return;
      if (isHeld) client.deadline.cancel();
      else client.deadline.set(limits.bodyIdleMs);
      if (phase !== Phase.REPLY) return;
      if (isHeld) deadline.set(limits.readMs);
      else deadline.cancel();
    }
  }

  /** The client has taken what was pending. */
  onClientDrain(): void {
    if (this.#try.phase < Phase.REPLY) return;
    this.#client?.deadline.cancel();
    this.#try.connection?.connection.resume();
    if (this.#try.phase === Phase.REPLY) this.pace();
    else this.#try.deadline.set(this.#context.shared.limits.readMs);
  }

  /** The client was awaited too long inside a reply: true if it still takes something, and is only slow. */
  clientIsSlow(client: ClientConnection): boolean {
    const { pending } = client.connection;
    if (pending === 0 || pending >= this.#unread) return false;
    this.#unread = pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
    return true;
  }

  onTryConnected(one: Try): void {
    const client = this.#client;
    if (one.connection === null || client === null) return;
    one.phase = Phase.REPLY;
    one.relay.begin(client.connection, this.#method, this.#upgrade, this.#minor);
    this.#body.attach(one.connection.connection, this.#head);
    this.pace();
  }

  onTryProgress(one: Try): void {
    const client = this.#client;
    if (client === null) return;
    this.#heard(one, client);
    // After 100 Continue it is the client's turn.
    if (one.phase === Phase.REPLY) this.pace();
    this.#holdBack(one, client);
  }

  /** Passed on, unless another server may do better. */
  onTryHead(one: Try): void {
    const client = this.#client;
    if (client === null) return;
    this.#heard(one, client);
    if (retriedStatus(one.relay.status)) {
      one.server?.failed();
      if (this.#idempotent && this.#body.replayable && this.#retryElsewhere()) return;
    } else one.server?.succeeded();
    one.phase = Phase.RELAY;
    if (!client.ended) client.deadline.cancel();
    // A body that is still arriving would be read as the next request: the connection ends with this reply.
    this.#keepAlive = one.relay.pass(this.#keepAlive && this.#body.complete && this.#context.drain === null);
    if (one.relay.fault !== 0) this.onTryLost(one, one.relay.fault);
    else if (one.relay.done) this.onTryDone(one);
    else this.#holdBack(one, client);
  }

  onTryUpgraded(one: Try): void {
    one.server?.succeeded();
    one.deadline.dispose();
    this.#owner.onUpgraded();
  }

  onTryDone(one: Try): void {
    const request = (this.#body.complete ? Half.READ | Half.SENT : 0) | (this.#keepAlive ? Half.PERSISTS : 0);
    // A server that declined to change the protocol may read on in its own way: Node's leaves unanswered what it cannot parse.
    const persists = one.relay.reusable && this.#upgrade === null;
    const reuse = mayReuse(request, Half.READ | Half.SENT | (persists ? Half.PERSISTS : 0));
    if ((reuse & Reuse.SERVER) !== 0) one.release();
    else one.abandon();
    this.#leave();
    this.#owner.onDelivered(one.relay.status, (reuse & Reuse.CLIENT) !== 0);
  }

  onTryLost(one: Try, fault: number): void {
    if (one.phase === Phase.IDLE) return;
    one.abandon();
    this.#body.detach();
    if (one.phase === Phase.RELAY) {
      this.#leave();
      this.#owner.onCut(one.relay.status);
      return;
    }
    const replayable = one.unsent || (this.#idempotent && this.#body.replayable);
    if (fault === Fault.SERVER_CLOSED && replayable && one.reused && one.relay.untouched && one.server?.listed) {
      // A kept connection that its server closes in the moment of its use says nothing about the server.
      this.#connect(NEVER_REUSED);
      return;
    }
    one.server?.failed();
    this.#leave();
    if (replayable && faultOf(fault).retry) this.#choose(fault);
    else this.#owner.onUndelivered(fault);
  }

  onTryDrain(): void {
    this.pace();
  }

  /** Tries the next server; `fault` is why the one before was left. */
  #choose(fault: number): void {
    const server = this.#tries.next();
    if (server === null) {
      this.#owner.onUndelivered(fault);
      return;
    }
    this.#try.open(server);
    this.#connect(this.#idempotent && this.#body.replayable ? Infinity : FRESH_MS);
  }

  #connect(freshMs: number): void {
    if (this.#try.connect(freshMs, this.#context.shared.limits.connectMs)) this.onTryConnected(this.#try);
  }

  /** Gives up on the present server's reply if there is another server to ask. */
  #retryElsewhere(): boolean {
    const server = this.#tries.next();
    if (server === null) return false;
    this.#try.abandon();
    this.#body.detach();
    this.#leave();
    this.#try.open(server);
    this.#connect(Infinity);
    return true;
  }

  /** The server has said something: it is awaited anew, and so is a client that has ended its side. */
  #heard(one: Try, client: ClientConnection): void {
    const { limits } = this.#context.shared;
    one.deadline.set(limits.readMs);
    if (client.ended) client.deadline.set(limits.halfCloseMs);
  }

  /** Holds the server back while the client is behind. */
  #holdBack(one: Try, client: ClientConnection): void {
    if (!client.connection.full) return;
    one.connection?.connection.pause();
    one.deadline.cancel();
    this.#unread = client.connection.pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
  }

  #leave(): void {
    this.#tries.costMs += this.#try.leave();
  }
}

/** What a request that cannot be sent twice accepts of a kept connection: so young that its server has hardly closed it. */
const FRESH_MS = 1000;
const NEVER_REUSED = -1;
