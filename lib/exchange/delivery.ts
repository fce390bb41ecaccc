import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import { Fault } from '../core/faults.ts';
import { Deadline } from '../core/wheel.ts';
import { Reuse } from '../http/persist.ts';
import type { Plan } from '../routing/plan.ts';
import type { RequestRecord } from '../stats/request-record.ts';
import type { Affinity } from '../upstream/affinity.ts';
import type { Server } from '../upstream/server.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Alarm, type AlarmOwner } from './alarm.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import type { DeliveryOwner } from './delivery-owner.ts';
import { boundByCall } from './grpc.ts';
import { holdsStill } from './holds-still.ts';
import { letGo } from './let-go.ts';
import { Outgoing } from './outgoing.ts';
import { Pace } from './pace.ts';
import { Race, type HandedOver } from './race.ts';
import type { RequestBody } from './request-body.ts';
import { Place } from './place.ts';
import { conditionOf } from './retry.ts';
import { Tries } from './tries.ts';
import { StoredFeed, type FoundReply } from './stored-feed.ts';
import { Phase, type Try, type TryOwner } from './try.ts';

/**
 * The server's half of an exchange: gives the request to a server, and to another one where that may help, until a reply
 * begins, and passes it on.
 *
 *     choose -> connect -> send -> reply -> relay
 *        ^         |         |
 *        |         +---------+--> a rival: another server is asked beside, the first of the two goes on
 *        +------- retry -----+
 */
export class Delivery implements TryOwner, AlarmOwner {
  /** What servers are given: described before `start`. */
  readonly request = new Outgoing();
  readonly #context: Context;
  readonly #owner: DeliveryOwner;
  readonly #body: RequestBody;
  readonly #pace: Pace;
  readonly #race: Race;
  readonly #tries: Tries;
  readonly #place: Place;
  /** The end of a back-off, or the moment to ask another server beside. */
  readonly #alarm = new Alarm(this);
  /** Bounds all tries together; null until one is first needed. */
  #deadline: Deadline | null = null;

  constructor(context: Context, owner: DeliveryOwner, body: RequestBody) {
    this.#context = context;
    this.#owner = owner;
    this.#body = body;
    this.#pace = new Pace(context, body);
    this.#race = new Race(context, this);
    this.#tries = new Tries(context.policy, this.request);
    this.#place = new Place(this.#tries, this, owner);
  }

  /** Writes down which servers were tried and what came of it. */
  describe(record: RequestRecord): void {
    this.#tries.describe(record);
    this.#race.describe(record);
  }

  /** Whether a part of the reply has been passed on. */
  get replying(): boolean {
    return this.#race.lead.phase === Phase.RELAY;
  }

  /** What holds for the present request. */
  get policy(): DeliveryPolicy {
    return this.#tries.policy;
  }

  /** Prepares for a request of this client, so that its body can be paced. */
  prepare(client: Client): void {
    this.#pace.client = client;
  }

  /** Sends the request to a server of `upstream`, in its own way or as the plan says. */
  start(upstream: Upstream | null, affinity: Readonly<Affinity>, plan: Plan): void {
    const { wheel } = this.#context.shared;
    const how = plan.policyOver(upstream?.setup?.policy ?? this.#context.policy);
    this.#tries.begin(upstream, affinity, how, wheel.now);
    this.#pace.policy = how;
    // A stream may come back untaken, whatever was sent on it.
    this.#body.retain(this.request.method, how, plan.keepsBody || upstream?.hasStreams === true);
    const requestMs = upstream?.hasStreams === true ? boundByCall(how.requestMs, this.request.head) : how.requestMs;
    if (requestMs > 0) (this.#deadline ??= new Deadline(wheel, this)).set(requestMs);
    this.#choose(Fault.NO_SERVER);
  }

  /** Gives the client a stored reply of `upstream`. */
  serve(upstream: Upstream, plan: Plan, found: FoundReply): void {
    if (this.#pace.client === null) return;
    this.#pace.policy = plan.policyOver(upstream.setup?.policy ?? this.#context.policy);
    this.#tries.spare(upstream, this.#pace.policy);
    StoredFeed.begin(this.#race.lead, this.#pace.client.connection, this.request, found);
  }

  /** Gives up whatever is under way, because the client has if `isForsaken`; returns the status that was passed on, else 0. */
  abandon(isForsaken = false): number {
    if (isForsaken && this.#body.complete) this.#race.lead.forsaken();
    const status = this.replying ? this.#race.lead.relay.status : 0;
    this.#race.abandon();
    this.#stop();
    return status;
  }

  /** Leaves all that was tried: the request goes another way. */
  leave(): void {
    this.abandon();
    this.#body.detach();
    this.#tries.leave();
  }

  /** Gives the present server's connection away after `onUpgraded`, with what it sent behind its head. */
  handOver(): HandedOver {
    return this.#race.handOver();
  }

  /** Ready for the next request, of any client. */
  reset(): void {
    this.#race.reset();
    this.#stop();
    this.#pace.client = null;
    this.request.reset();
    this.#tries.reset();
  }

  /** Something of the request's body has come. */
  pace(): void {
    this.#pace.request(this.#race.lead);
  }

  /** The client has taken what was pending. */
  onClientDrain(): void {
    this.#pace.drained(this.#race.lead);
  }

  /** The client was awaited too long inside a reply: true if it still takes something, and is only slow. */
  clientIsSlow(client: Client): boolean {
    return this.#pace.isSlow(client);
  }

  onTryConnected(one: Try): void {
    const { client } = this.#pace;
    if (one.connection === null || client === null) return;
    const other = this.#race.otherThan(one);
    // The one that is connected first goes on; where the other has sent its request already, both do.
    if (other?.phase === Phase.CONNECT) this.#race.leaveDialling(other, this.#tries);
    if (other === null || other.phase < Phase.REPLY) this.#race.promote(one);
    this.#alarm.cancel();
    const request = this.request;
    const head = request.headFor(one);
    const { connection } = one.connection;
    one.phase = Phase.REPLY;
    one.relay.begin(client.connection, connection, request.method, request.upgrade, request.minor);
    if (one === this.#race.lead) {
      this.#body.attach(connection, head);
      this.#pace.request(one);
      if (this.policy.hedgeMs > 0) this.#alarm.set(this.policy.hedgeMs);
    } else {
      this.#body.copyTo(connection, head);
      this.#pace.reply(one);
    }
  }

  onTryProgress(one: Try): void {
    this.#pace.heard(one);
    // After 100 Continue it is the client's turn.
    if (one.phase === Phase.REPLY && one === this.#race.lead) this.pace();
    this.#pace.holdBack(one);
  }

  /** Passed on, unless another server may do better. */
  onTryHead(one: Try): void {
    const { client } = this.#pace;
    if (client === null) return;
    this.#pace.heard(one);
    if (holdsStill(one, this.#context.replyHead, client, this.request, this.#race)) return;
    if (one.stored === null && this.policy.statuses.has(one.relay.status)) {
      one.server?.failed();
      if (this.#race.goOnWithout(one) || this.#retryElsewhere(one)) return;
    } else one.succeeded();
    if (this.#owner.goesOn(one.relay.status)) return;
    this.#race.promote(one);
    this.#race.dropOther(one);
    this.#alarm.cancel();
    one.phase = Phase.RELAY;
    if (!client.ended) client.deadline.cancel();
    this.request.caching?.passes(one.server, one.relay.status);
    one.relay.edit(this.request, this.#tries.linesFor(one));
    // A body that is still arriving would be read as the next request: the connection ends with this reply.
    this.request.keepAlive = one.relay.pass(
      this.request.keepAlive && this.#body.complete && this.#context.drain === null,
    );
    one.follow(one.relay.fault === 0 ? one.relay.step : one.relay.fault);
  }

  onTryUpgraded(one: Try): void {
    one.succeeded();
    one.relay.edit(this.request, this.#tries.linesFor(one));
    one.deadline.dispose();
    this.#owner.onUpgraded();
  }

  onTryRead(one: Try): void {
    one.deadline.cancel();
    if (this.#body.complete) letGo(one, this.request, true);
  }

  onTryDone(one: Try): void {
    const reuse = letGo(one, this.request, this.#body.complete);
    this.#race.leave(one);
    this.#owner.onDelivered(one.relay.status, (reuse & Reuse.CLIENT) !== 0);
  }

  onTryLost(one: Try, fault: number): void {
    const { phase } = one;
    if (phase === Phase.IDLE) return;
    one.fault = fault;
    one.abandon();
    if (phase === Phase.RELAY && !one.relay.output.isHeld) {
      this.#body.detach();
      this.#race.leave(one);
      this.#owner.onCut(one.relay.status);
      return;
    }
    const isUnsent = phase < Phase.REPLY || (fault === Fault.STREAM_REFUSED && this.#body.whole);
    const mayRepeat = isUnsent || this.#body.repeatable;
    if (mayRepeat && one.renews(fault)) {
      if (one === this.#race.lead) this.#body.detach();
      this.#connect(one, false);
      return;
    }
    if (fault !== Fault.NO_SOCKET) one.server?.failed();
    // That was for want of something of our own, and there is some of it now.
    else if (this.#context.doors?.relieve() === true) return this.#connect(one, false);
    if (this.#race.goOnWithout(one)) return;
    this.#body.detach();
    this.#race.drop(one);
    const isMended = mayRepeat && (this.policy.retryOn & conditionOf(fault)) !== 0;
    if (isMended && (isUnsent || this.#tries.mayAdd(this.#context.shared.wheel.now))) this.#choose(fault);
    else this.#owner.onUndelivered(fault);
  }

  onTryDrain(one: Try): void {
    if (one === this.#race.lead) this.pace();
  }

  onTryStage(one: Try): void {
    if (!this.#pace.holdBack(one)) this.#pace.goOn(one);
  }

  /** All tries together have taken too long. */
  onDeadline(): void {
    const { lead } = this.#race;
    if (lead.phase === Phase.RELAY) return this.onTryLost(lead, Fault.REPLY_CUT);
    if (this.#body.complete) lead.server?.failed();
    this.#body.detach();
    this.abandon();
    this.#owner.onUndelivered(Fault.REQUEST_TIMEOUT);
  }

  /** A back-off is over, or a server has kept us waiting so long that another one is asked beside. */
  onAlarm(): void {
    const { lead } = this.#race;
    if (lead.phase === Phase.WAIT) this.#connect(lead, true);
    else if (lead.phase === Phase.CONNECT || this.#mayHedge(lead)) this.#startRival();
  }

  /** Tries the next server; `fault` is why the one before was left. */
  #choose(fault: number): void {
    const server = this.#tries.next();
    if (server !== null) this.begin(server);
    else if (fault !== Fault.NO_SERVER || !this.#place.wait()) this.#owner.onUndelivered(fault);
  }

  /** Gives up on a server's reply if there is another server to ask. */
  #retryElsewhere(one: Try): boolean {
    if (!this.#body.repeatable || !this.#tries.mayAdd(this.#context.shared.wheel.now)) return false;
    const server = this.#tries.next();
    if (server === null) return false;
    this.#body.detach();
    this.#race.drop(one);
    this.begin(server);
    return true;
  }

  begin(server: Server): void {
    const { lead } = this.#race;
    lead.open(server);
    const waitMs = this.#tries.count > 1 ? this.#tries.again() : 0;
    if (waitMs > 0) this.#alarm.set(waitMs);
    else this.#connect(lead, true);
  }

  /** `reuse`: a kept connection will do. */
  #connect(one: Try, reuse: boolean): void {
    const { client, policy } = this.#pace;
    if (client === null) return;
    const isSafe = this.#body.staysRepeatable;
    const freshMs = isSafe ? Infinity : policy.unsafeReuseMs;
    if (one.connect(client, reuse ? freshMs : -1, policy.connectMs, !isSafe)) this.onTryConnected(one);
    else if (policy.raceMs > 0 && !one.reused && one === this.#race.lead) this.#alarm.set(policy.raceMs);
  }

  /** Asks another server beside, if there is one. */
  #startRival(): void {
    const server = this.#tries.next();
    if (server !== null) this.#connect(this.#race.openRival(server), true);
  }

  /** Whether this reply, late as it is, may be asked of another server, too. */
  #mayHedge(one: Try): boolean {
    if (one.phase !== Phase.REPLY || !one.relay.untouched || this.#race.otherThan(one) !== null) return false;
    if (this.request.upgrade !== null || !this.#body.complete || !this.#body.repeatable) return false;
    return this.#tries.mayHedge(this.#context.shared.wheel.now);
  }

  #stop(): void {
    this.#alarm.cancel();
    this.#place.leave();
    this.#deadline?.dispose();
  }
}
