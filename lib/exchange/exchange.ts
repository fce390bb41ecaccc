import { Fault, faultOf } from '../core/faults.ts';
import { checkExpectation, frameRequest } from '../http/framing.ts';
import type { Head } from '../http/head.ts';
import { wantsUpgrade } from '../http/hop.ts';
import { requestPersists } from '../http/persist.ts';
import { readTarget, type Target } from '../http/target.ts';
import type { Answer, Plan } from '../routing/plan.ts';
import type { BranchBounds, BranchReply, Node } from '../routing/rule.ts';
import { NO_AFFINITY } from '../upstream/affinity.ts';
import { Account } from './account.ts';
import { branch } from './beside.ts';
import type { Client } from './client.ts';
import type { ClientUser } from './client-user.ts';
import type { Context } from './context.ts';
import type { DeliveryOwner } from './delivery-owner.ts';
import { Delivery } from './delivery.ts';
import { Dispatch, type DispatchOwner } from './dispatch.ts';
import { meetExpectation } from './expectation.ts';
import { findGraph } from './find-graph.ts';
import { hopsLeft } from './forward-head.ts';
import { trustedLines } from './forwarded.ts';
import { encodeOwn, formOf, sendOwn } from './own-reply.ts';
import { RequestBody } from './request-body.ts';
import { Route, type RouteOwner } from './route.ts';
import { RoutedHead, type BodySource } from './routed-head.ts';
import { Tunnel } from './tunnel.ts';

/**
 * One request and its response, from the head that was parsed to the last byte of the reply:
 *
 *     head -> route -> deliver (choose, connect, send, reply, relay) -> settle
 *
 * Besides this line there are four ways out: an answer of our own, a retry inside `Delivery`, another way of the graph (`Dispatch`),
 * a tunnel. An exchange is lent to a client connection for one request and used again for the next one.
 */
export class Exchange implements ClientUser, RouteOwner, DeliveryOwner, DispatchOwner, BodySource {
  readonly #context: Context;
  readonly route: Route;
  readonly body: RequestBody;
  readonly delivery: Delivery;
  readonly #dispatch: Dispatch;
  #client: Client | null = null;
  #method = '';
  #minor = 1;
  #keepAlive = false;
  /** Null where nobody counts or logs. */
  readonly account: Account | null;

  constructor(context: Context) {
    this.#context = context;
    this.body = new RequestBody(context.replay);
    this.delivery = new Delivery(context, this, this.body);
    const { observer } = context.shared;
    this.account = observer === null ? null : new Account(observer);
    this.route = new Route(this, this.account?.trace ?? null);
    this.#dispatch = new Dispatch(context, this);
  }

  /**
   * Begins with the head in `context.requestHead`; bytes[from..to) came behind it. Returns the offset behind what belongs to
   * this request.
   */
  begin(client: Client, bytes: Buffer, from: number, to: number): number {
    const { requestHead: head, target, shared } = this.#context;
    this.#client = client;
    this.#dispatch.client = client;
    this.#method = head.method();
    this.account?.begin(head, client);
    let fault = readTarget(head, target, client.tls !== null);
    // The control plane answers for its own bound, in JSON.
    const maxBodyBytes = target.path.startsWith(ADMIN) ? Number.MAX_SAFE_INTEGER : shared.limits.maxBodyBytes;
    fault ||= frameRequest(head, maxBodyBytes, client.connection.stream) || checkExpectation(head);
    if (fault !== 0) {
      this.#refuse(fault);
      return to;
    }
    if (this.account !== null) this.account.record.host = target.host;
    this.#minor = head.minor;
    this.#keepAlive = requestPersists(head);
    this.#dispatch.isInside = false;
    this.#dispatch.upgrade = wantsUpgrade(head) ? head.get('upgrade') : null;
    this.delivery.prepare(client);
    this.delivery.request.describe(this.#method, this.#minor, this.#dispatch.upgrade, this.#keepAlive);
    this.body.begin(head, maxBodyBytes);
    const at = this.body.feed(bytes, from, to);
    if (at < 0) {
      this.#refuse(at);
      return to;
    }
    this.account?.received(at - from);
    this.#find(client, head, target);
    this.body.own();
    this.delivery.pace();
    return at;
  }

  /** Begins with a request of our own, without a body but that of its plan, and walks on from a node. */
  beginInside(
    client: Client,
    request: RoutedHead,
    { to, about, clientAddress }: { to: Node; about: string; clientAddress: string },
  ): void {
    this.#client = client;
    this.#dispatch.client = client;
    this.#method = request.method;
    this.#minor = 0;
    this.#keepAlive = false;
    this.#dispatch.upgrade = null;
    this.#dispatch.isInside = true;
    this.#dispatch.about = about;
    this.delivery.prepare(client);
    this.delivery.request.describe(this.#method, 0, null, false);
    this.body.beginEmpty();
    request.from(client, clientAddress, this);
    this.route.walkInside(to, request);
  }

  onClientBytes(bytes: Buffer, from: number, to: number): number {
    if (this.body.complete) return from;
    const at = this.body.feed(bytes, from, to);
    if (at < 0) {
      this.#refuse(at);
      return to;
    }
    this.account?.received(at - from);
    this.#dispatch.arrived();
    this.delivery.pace();
    return at;
  }

  /** The request of a stream has ended, with these trailers. */
  onClientFinish(trailers: string): void {
    const fault = this.body.finish(trailers);
    if (fault !== 0) this.#refuse(fault);
    else {
      this.#dispatch.arrived();
      this.delivery.pace();
    }
  }

  onClientEnd(): void {
    const client = this.#client;
    if (client === null) return;
    if (this.body.complete) client.deadline.set(this.#context.shared.limits.halfCloseMs);
    else client.connection.destroy();
  }

  onClientDrain(): void {
    this.delivery.onClientDrain();
  }

  /** The client's connection is gone: so is what the server does for it. */
  onClientGone(): void {
    const status = this.delivery.abandon(true);
    this.#close(status === 0 ? CLIENT_CLOSED : status, Fault.CLIENT_GONE, '');
    this.#settle();
  }

  /** Its reply says that the connection ends, unless its head is sent already: then the next one's does. */
  onClientDraining(): void {}

  onClientDeadline(): void {
    const client = this.#client;
    if (client === null) return;
    if (this.delivery.replying || client.connection.full) {
      if (!this.delivery.clientIsSlow(client)) client.connection.reset();
    } else if (!this.body.complete) this.#refuse(Fault.BODY_TIMEOUT);
    else if (client.ended) client.connection.destroy();
  }

  onDelivered(status: number, keepAlive: boolean): void {
    const client = this.#client;
    const isLast = this.body.complete && !this.#keepAlive;
    this.#close(status, 0, '');
    this.#settle();
    client?.next(keepAlive, isLast);
  }

  onUndelivered(fault: number): void {
    this.#dispatch.failed(fault);
  }

  goesOn(status: number): boolean {
    return this.#dispatch.goesOn(status);
  }

  onCut(status: number): void {
    const client = this.#client;
    this.#close(status, Fault.REPLY_CUT, '');
    this.#settle();
    client?.cut();
  }

  /** Both connections go over to a tunnel, and the exchange is done. */
  onUpgraded(): void {
    const client = this.#client;
    const { connection, head, rest } = this.delivery.handOver();
    const { plan } = this.route;
    if (client === null || connection === null) return;
    const { wheel } = this.#context.shared;
    client.deadline.cancel();
    client.connection.writeText(head);
    const guard = this.#dispatch.handOver(SWITCHING_PROTOCOLS);
    const tunnel = new Tunnel(client, connection, wheel, this.delivery.policy.tunnelIdleMs, guard, plan.takeEndings());
    if (rest.length > 0) tunnel.onServerBytes(rest, 0, rest.length);
    this.#close(SWITCHING_PROTOCOLS, 0, '');
    this.#settle();
    client.handOver(tunnel);
    if (this.#context.drain !== null) client.drain(this.#context.drain);
  }

  #find(client: Client, head: Head, target: Target): void {
    const { shared, shedding } = this.#context;
    const plan = this.route.plan;
    let clientAddress = client.address;
    if (client.forwarded !== null) this.#dispatch.about = client.forwarded;
    else {
      const claims = trustedLines(head, client.address, shared.trusted, client.tls);
      this.#dispatch.about = claims.lines;
      clientAddress = claims.clientAddress;
      this.account?.speaksFor(claims);
    }
    if (hopsLeft(head) === 0) return this.answer(Fault.LAST_HOP);
    if (target.path.startsWith(ADMIN)) {
      plan.setFields = ['X-Elb-Peer', client.address];
      if (this.account !== null) this.account.record.isAdmin = true;
      this.#dispatch.deliver(shared.admin, NO_AFFINITY, head, target);
      return;
    }
    if (shedding || client.refusal !== 0) {
      if (client.refusal === 0) this.answer(Fault.OVERLOADED);
      else this.#refuse(client.refusal);
      return;
    }
    const found = findGraph(this.#context, client, { head, target, account: this.account });
    if (typeof found === 'number') return this.answer(found);
    if ('status' in found) return this.answer(0, found);
    const request = new RoutedHead(head, target, plan);
    request.from(client, clientAddress, this);
    this.route.walk(found, request);
  }

  onRouted(request: RoutedHead, isLate: boolean): void {
    this.#dispatch.decided(request);
    if (isLate) this.delivery.pace();
  }

  gather(head: Head, maxBytes: number): Promise<Buffer | number> {
    if (!this.body.complete && this.#client !== null) meetExpectation(head, this.#client, this.route.plan);
    return this.body.gather(maxBytes);
  }

  branch(request: RoutedHead, to: Node, plan: Plan, bounds: BranchBounds): Promise<BranchReply> {
    const client = this.#client;
    if (client === null) return Promise.resolve({ status: 0, body: Buffer.alloc(0) });
    return branch(this.#context, request, { to, plan, asker: { client, about: this.#dispatch.about }, bounds });
  }

  onUnroutable(): void {
    this.answer(Fault.INTERNAL);
  }

  /** Answers a fault, or what the graph answers, by ourselves; the connection goes on if nothing of the request is left unread. */
  answer(fault: number, answer: Answer | null = null): void {
    const client = this.#client;
    if (client === null) return;
    const status = answer?.status ?? faultOf(fault).status;
    // Whoever is misdirected comes again by another connection.
    if (!this.body.complete || status === 0 || fault === Fault.MISDIRECTED) {
      this.#refuse(fault, answer);
      return;
    }
    const keepAlive = this.#keepAlive && this.#minor === 1 && this.#context.drain === null;
    const reply = this.#own(fault, answer, keepAlive);
    this.#close(status, fault, reply);
    this.#settle();
    sendOwn(client.connection, reply);
    client.next(keepAlive, !this.#keepAlive);
  }

  /** Answers and ends the client's connection; inside a reply there is only the end. */
  #refuse(fault: number, answer: Answer | null = null): void {
    const client = this.#client;
    const passed = this.delivery.abandon();
    const reply = passed === 0 ? this.#own(fault, answer, false) : '';
    this.#close(passed === 0 ? (answer?.status ?? faultOf(fault).status) : passed, fault, reply);
    this.#settle();
    if (passed === 0) client?.refuse(reply);
    else client?.cut();
  }

  /** A reply of our own, as the graph has changed it so far. */
  #own(fault: number, answer: Answer | null, keepAlive: boolean): string {
    const { retryAfterS } = this.#dispatch;
    const edit = this.route.plan.replyEdit;
    return encodeOwn(
      { fault, answer, edit, retryAfterS, tries: this.delivery.request.tries },
      keepAlive,
      formOf(this.#method, this.#client),
    );
  }

  /** Closes the account, once; `reply`: our own, which is yet to be written. */
  #close(status: number, fault: number, reply: string): void {
    this.route.plan.end(status);
    this.#dispatch.leave(status);
    this.account?.close(status, fault, reply, this.#client, this.delivery);
  }

  /** Ready for the next request, of any client. */
  #settle(): void {
    this.#client?.deadline.cancel();
    this.#client = null;
    this.route.reset();
    this.#dispatch.reset();
    this.delivery.reset();
    this.body.reset();
    this.#context.returnExchange(this);
  }
}

/** Where the control plane answers, on every host. */
const ADMIN = '/__erulb__/';

/** The status of a request whose client left before any reply, as nginx logs it. */
const CLIENT_CLOSED = 499;
const SWITCHING_PROTOCOLS = 101;
