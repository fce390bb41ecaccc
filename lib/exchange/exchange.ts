import { Fault, faultOf } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { frameRequest } from '../http/framing.ts';
import type { Head } from '../http/head.ts';
import { wantsUpgrade } from '../http/hop.ts';
import { requestPersists } from '../http/persist.ts';
import { readTarget, type Target } from '../http/target.ts';
import { Plan } from '../routing/plan.ts';
import { walk } from '../routing/walk.ts';
import type { ServerConnectionUser } from '../upstream/server-connection.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Context } from './context.ts';
import { ForwardHead } from './forward-head.ts';
import { trustedLines } from './forwarded.ts';
import { ownReply } from './own-reply.ts';
import { ReplyRelay, Step } from './reply-relay.ts';
import { RequestBody } from './request-body.ts';
import { idempotent, retriedStatus } from './retry.ts';
import { RoutedHead } from './routed-head.ts';
import { Tries } from './tries.ts';
import { Tunnel } from './tunnel.ts';

/** Where an exchange stands. It goes from top to bottom; RETRY goes back to CHOOSE. */
const Phase = {
  IDLE: 0,
  /** A node of the graph waits for something. */
  ROUTE: 1,
  /** A server connection is being made. */
  CONNECT: 2,
  /** The head is sent; the body follows as it comes; the reply is awaited. */
  REPLY: 3,
  /** The reply's head is passed on; its body follows. */
  RELAY: 4,
  /** Upgraded: bytes both ways until both sides have ended. */
  TUNNEL: 5,
} as const;

/**
 * One request and its response, from the head that was parsed to the last byte of the reply:
 *
 *     head -> route -> choose -> connect -> send -> reply -> relay -> settle
 *                        ^                     |
 *                        +------- retry -------+
 *
 * Besides this line there are three ways out: an answer of our own, a retry, a tunnel. An exchange is lent to a client
 * connection for one request and used again for the next one.
 */
export class Exchange implements ServerConnectionUser {
  readonly #context: Context;
  readonly #plan = new Plan();
  readonly #body = new RequestBody();
  readonly #relay: ReplyRelay;
  readonly #deadline: Deadline;
  readonly #forwardHead = new ForwardHead();
  readonly #tries = new Tries();
  #phase: number = Phase.IDLE;
  #client: ClientConnection | null = null;
  #tunnel: Tunnel | null = null;
  /** Grows with every request, so that what was begun for an earlier one does nothing. */
  #generation = 0;
  #method = '';
  #idempotent = false;
  #host = '';
  /** The head that every try sends, and its lines about the client. */
  #head = '';
  #about = '';
  #upgrade: string | null = null;
  #keepAlive = false;
  #minor = 1;
  /** Nothing of the request has been written to the present server. */
  #unsent = true;
  #metered = false;
  /** Bytes that the client had not taken when it was last looked at. */
  #unread = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#deadline = new Deadline(context.shared.wheel, this);
    this.#relay = new ReplyRelay(context);
  }

  /**
   * Begins with the head in `context.requestHead`; bytes[from..to) came behind it. Returns the offset behind what belongs to
   * this request.
   */
  begin(client: ClientConnection, bytes: Buffer, from: number, to: number): number {
    const { requestHead: head, target, shared } = this.#context;
    this.#client = client;
    const fault = frameRequest(head, shared.limits.maxBodyBytes) || readTarget(head, target);
    if (fault !== 0) {
      this.#settle();
      client.refuse(fault);
      return to;
    }
    this.#generation++;
    this.#method = head.method();
    this.#idempotent = idempotent(this.#method);
    this.#host = target.host;
    this.#minor = head.minor;
    this.#keepAlive = requestPersists(head);
    this.#upgrade = wantsUpgrade(head) ? head.get('upgrade') : null;
    this.#metered = shared.meter !== null;
    this.#body.begin(head, shared.limits.maxBodyBytes, this.#idempotent);
    const at = this.#body.feed(bytes, from, to);
    if (at < 0) {
      this.#refuse(at);
      return to;
    }
    this.#route(head, target);
    this.#pace();
    return at;
  }

  // ---- what the client does

  /** More bytes from the client; returns the offset behind what belongs to this request. */
  onClientBytes(bytes: Buffer, from: number, to: number): number {
    if (this.#tunnel !== null) {
      this.#tunnel.fromClient(bytes, from, to);
      return to;
    }
    if (this.#body.complete) return from;
    const at = this.#body.feed(bytes, from, to);
    if (at < 0) {
      this.#refuse(at);
      return to;
    }
    this.#pace();
    return at;
  }

  /** The client has sent its FIN. */
  onClientEnd(): void {
    if (this.#tunnel !== null) this.#tunnel.clientEnded();
    else if (!this.#body.complete) this.#client?.connection.destroy();
    else this.#client?.deadline.set(this.#context.shared.limits.halfCloseMs);
  }

  onClientDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.clientDrained();
    else if (this.#phase === Phase.RELAY) {
      this.#client?.deadline.cancel();
      this.#tries.connection?.connection.resume();
      this.#deadline.set(this.#context.shared.limits.readMs);
    }
  }

  /** The client's connection is gone: so is what the server does for it. */
  onClientGone(): void {
    if (this.#tunnel !== null && this.#client?.ended === true) this.#tries.connection?.finish();
    else this.#tries.abandon();
    if (this.#tries.server !== null && this.#phase >= Phase.REPLY) this.#record(this.#relay.status || CLIENT_CLOSED);
    this.#settle();
  }

  onClientDeadline(): void {
    const client = this.#client;
    if (client === null) return;
    if (this.#phase === Phase.RELAY) this.#stalled(client);
    else if (!this.#body.complete) this.#refuse(Fault.BODY_TIMEOUT);
    else if (client.ended) client.connection.destroy();
  }

  // ---- what the server does

  onServerConnect(): void {
    if (this.#phase === Phase.CONNECT) this.#send();
  }

  onServerBytes(bytes: Buffer, from: number, to: number): void {
    if (this.#tunnel !== null) {
      this.#tunnel.fromServer(bytes, from, to);
      return;
    }
    const client = this.#client;
    if (client === null || this.#phase < Phase.REPLY) return this.#lost(Fault.BAD_REPLY);
    const { limits } = this.#context.shared;
    this.#deadline.set(limits.readMs);
    if (client.ended) client.deadline.set(limits.halfCloseMs);
    const step = this.#relay.take(bytes, from, to);
    switch (step) {
      case Step.MORE:
        this.#holdBack(client);
        break;
      case Step.HEAD:
        this.#begun(client);
        break;
      case Step.UPGRADED:
        this.#openTunnel(client);
        break;
      case Step.DONE:
        this.#complete(client);
        break;
      default:
        this.#lost(step);
    }
  }

  onServerEnd(): void {
    if (this.#tunnel !== null) this.#tunnel.serverEnded();
    else if (this.#phase === Phase.RELAY && this.#client !== null && this.#relay.end()) this.#complete(this.#client);
    else this.#lost(this.#phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  onServerDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.serverDrained();
    else this.#pace();
  }

  onServerClose(): void {
    this.#tries.connection = null;
    if (this.#tunnel !== null) this.#tunnel.serverGone();
    else if (this.#phase === Phase.CONNECT) this.#lost(Fault.CONNECT_FAILED);
    else this.#lost(this.#phase === Phase.RELAY ? Fault.REPLY_CUT : Fault.SERVER_CLOSED);
  }

  /** The server has kept us waiting too long. */
  onDeadline(): void {
    if (this.#tunnel !== null) this.#client?.connection.destroy();
    else if (this.#phase === Phase.CONNECT) this.#lost(Fault.CONNECT_TIMEOUT);
    else if (this.#phase === Phase.RELAY) this.#lost(Fault.REPLY_CUT);
    else if (this.#phase === Phase.REPLY) this.#lost(Fault.SERVER_TIMEOUT);
  }

  // ---- the phases

  #route(head: Head, target: Target): void {
    const { shared, ready } = this.#context;
    const client = this.#client;
    if (client === null) return;
    const plan = this.#plan;
    plan.reset();
    let clientAddress = client.address;
    if (client.forwarded !== null) this.#about = client.forwarded;
    else {
      const claims = trustedLines(head, client.address, shared.trusted);
      this.#about = claims.lines;
      clientAddress = claims.clientAddress;
    }
    if (target.path.startsWith(ADMIN)) {
      plan.setFields = ['X-Elb-Peer', client.address];
      this.#tries.upstream = shared.admin;
      this.#metered = false;
      this.#forward(head, target);
      return;
    }
    const entry = shared.table.find(target.host, target.port);
    if (entry === null || entry.graph === null) {
      this.#answer(entry?.fault ?? (ready ? Fault.NO_DOMAIN : Fault.NOT_READY));
      return;
    }
    const request = new RoutedHead(head, target, plan);
    request.clientAddress = clientAddress;
    const pending = walk(entry.graph, request, plan);
    if (pending === undefined) this.#decided(head, target);
    else this.#await(pending, request);
  }

  /** A node waits: the head leaves the shared buffer, and whatever happened meanwhile is looked at before going on. */
  #await(pending: Promise<void>, request: RoutedHead): void {
    const generation = this.#generation;
    const kept = request.head.copy();
    const target = request.target.copy();
    request.head = kept;
    request.target = target;
    this.#phase = Phase.ROUTE;
    pending.then(
      () => {
        if (generation !== this.#generation || this.#phase !== Phase.ROUTE) return;
        this.#decided(kept, target);
        this.#pace();
      },
      () => {
        if (generation === this.#generation && this.#phase === Phase.ROUTE) this.#answer(Fault.INTERNAL);
      },
    );
  }

  #decided(head: Head, target: Target): void {
    const plan = this.#plan;
    if (plan.upstream === null) {
      this.#answer(plan.fault === 0 ? Fault.FORBIDDEN : plan.fault);
      return;
    }
    this.#tries.upstream = this.#context.shared.upstreams.get(plan.upstream);
    this.#forward(head, target);
  }

  /** Writes down the head that every try will send, then tries. */
  #forward(head: Head, target: Target): void {
    const client = this.#client;
    if (client === null) return;
    this.#head = this.#forwardHead.encode(head, target, this.#plan, client, this.#about, this.#upgrade);
    this.#choose(Fault.NO_SERVER);
  }

  /** Tries the next server; `fault` is the answer if there is none. */
  #choose(fault: number): void {
    if (this.#tries.next()) this.#connect(this.#idempotent && this.#body.replayable ? Infinity : FRESH_MS);
    else this.#answer(fault);
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
    this.#relay.begin(client.connection, this.#method, this.#upgrade !== null, this.#minor);
    this.#body.attach(connection.connection, this.#head);
    this.#pace();
  }

  /** Holds the client back while the server is behind, and sets the deadline of whoever is awaited. */
  #pace(): void {
    const client = this.#client;
    if (client === null || this.#tunnel !== null || this.#phase === Phase.IDLE) return;
    const { limits } = this.#context.shared;
    if (this.#body.complete) {
      if (this.#phase === Phase.REPLY) {
        if (!client.ended) client.deadline.cancel();
        this.#deadline.set(limits.readMs);
      }
      return;
    }
    if (this.#body.full) {
      client.connection.pause();
      client.deadline.cancel();
      if (this.#phase === Phase.REPLY) this.#deadline.set(limits.readMs);
    } else {
      if (client.connection.paused) client.connection.resume();
      client.deadline.set(limits.bodyIdleMs);
      if (this.#phase === Phase.REPLY) this.#deadline.cancel();
    }
  }

  /** The final head of the reply is there: passed on, unless another server may do better. */
  #begun(client: ClientConnection): void {
    const { status } = this.#relay;
    if (retriedStatus(status)) {
      this.#tries.server?.failed();
      if (this.#idempotent && this.#body.replayable && this.#retryElsewhere()) return;
    } else this.#tries.server?.succeeded();
    this.#phase = Phase.RELAY;
    if (!client.ended) client.deadline.cancel();
    // A body that is still arriving, or anything that keeps the client from seeing the end, ends the connection.
    this.#keepAlive = this.#keepAlive && this.#body.complete && !this.#context.draining;
    this.#keepAlive = this.#relay.pass(this.#keepAlive);
    if (this.#relay.fault !== 0) this.#lost(this.#relay.fault);
    else if (this.#relay.done) this.#complete(client);
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

  /** A client that still takes something is slow; one that takes nothing, or has left, is ended visibly. */
  #stalled(client: ClientConnection): void {
    const { pending } = client.connection;
    if (pending > 0 && pending < this.#unread) {
      this.#unread = pending;
      client.deadline.set(this.#context.shared.limits.sendMs);
    } else client.connection.reset();
  }

  #openTunnel(client: ClientConnection): void {
    const { connection } = this.#tries;
    if (connection === null) return;
    this.#phase = Phase.TUNNEL;
    this.#tries.server?.succeeded();
    client.deadline.cancel();
    client.connection.writeText(this.#relay.upgradeHead());
    this.#tunnel = new Tunnel(
      client.connection,
      connection.connection,
      this.#deadline,
      this.#context.shared.limits.tunnelIdleMs,
    );
    const rest = this.#relay.restOfUpgrade();
    if (rest.length > 0) this.#tunnel.fromServer(rest, 0, rest.length);
    const early = client.takeStash();
    if (early !== null) this.#tunnel.fromClient(early, 0, early.length);
    if (client.connection.paused) client.connection.resume();
    if (client.ended) this.#tunnel.clientEnded();
  }

  /** The reply is passed on whole. */
  #complete(client: ClientConnection): void {
    if (this.#relay.reusable && this.#body.complete) this.#tries.release();
    else this.#tries.abandon();
    this.#record(this.#relay.status);
    const keepAlive = this.#keepAlive && this.#body.complete;
    this.#settle();
    client.next(keepAlive);
  }

  /** The present server has failed before the reply was whole. */
  #lost(fault: number): void {
    const client = this.#client;
    if (client === null || this.#phase === Phase.IDLE) return;
    this.#tries.abandon();
    this.#body.detach();
    const replayable = this.#unsent || (this.#idempotent && this.#body.replayable);
    if (this.#phase === Phase.RELAY) {
      this.#record(this.#relay.status);
      this.#settle();
      client.cut();
      return;
    }
    // A kept connection that its server closes in the moment of its use says nothing about the server.
    if (
      this.#tries.reused &&
      replayable &&
      fault === Fault.SERVER_CLOSED &&
      this.#relay.untouched &&
      this.#tries.server?.listed === true
    ) {
      this.#connect(NEVER_REUSED);
      return;
    }
    this.#tries.server?.failed();
    this.#tries.leave();
    if (replayable && faultOf(fault).retry && !(client.ended && client.connection.closed)) this.#choose(fault);
    else this.#answer(fault);
  }

  /** Answers a fault by ourselves; the connection goes on if nothing of the request is left unread. */
  #answer(fault: number): void {
    const client = this.#client;
    if (client === null) return;
    if (!this.#body.complete) {
      this.#refuse(fault);
      return;
    }
    const keepAlive = this.#keepAlive && this.#minor === 1 && !this.#context.draining;
    this.#record(faultOf(fault).status);
    const text = ownReply(fault, keepAlive, this.#method === 'HEAD');
    this.#settle();
    client.connection.writeText(text);
    client.next(keepAlive);
  }

  /** Answers a fault and ends the client's connection. */
  #refuse(fault: number): void {
    const client = this.#client;
    this.#tries.abandon();
    const late = this.#phase === Phase.RELAY;
    this.#record(late ? this.#relay.status : faultOf(fault).status);
    this.#settle();
    if (late) client?.cut();
    else client?.refuse(fault);
  }

  /** Counts the exchange once if any server was tried (spec 7). */
  #record(status: number): void {
    this.#tries.leave();
    if (this.#metered && this.#tries.count > 0) {
      this.#context.shared.meter?.exchange(this.#host, status, Math.round(this.#tries.costMs));
      this.#metered = false;
    }
  }

  /** Ready for the next request, of any client. */
  #settle(): void {
    this.#deadline.dispose();
    this.#client?.deadline.cancel();
    this.#phase = Phase.IDLE;
    this.#client = null;
    this.#tunnel = null;
    this.#tries.reset();
    this.#head = '';
    this.#body.reset();
    this.#relay.reset();
    this.#context.returnExchange(this);
  }
}

/** Where the control plane answers, on every host. */
const ADMIN = '/__erulb__/';

/** What a request that cannot be sent twice accepts of a kept connection: so young that its server has hardly closed it. */
const FRESH_MS = 1000;
const NEVER_REUSED = -1;

/** Counted where the client left before any reply (as nginx logs it). */
const CLIENT_CLOSED = 499;
