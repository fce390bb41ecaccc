import { Fault, faultOf } from '../core/faults.ts';
import type { Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import { fallbackFor } from '../routing/fallback.ts';
import type { Answer } from '../routing/plan.ts';
import type { RouteGate } from '../routing/route-gate.ts';
import { NO_AFFINITY, type Affinity } from '../upstream/affinity.ts';
import type { ReplyCache } from '../upstream/reply-cache.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Account } from './account.ts';
import { affinityOf } from './affinity.ts';
import { uriOf } from './cache-key.ts';
import { changes, questionOf } from './cache-question.ts';
import { Caching } from './caching.ts';
import type { Client } from './client.ts';
import { compressionTerms } from './compression-terms.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { Detour } from './detour.ts';
import { Following } from './following.ts';
import { ForwardHead } from './forward-head.ts';
import { notModified } from './not-modified.ts';
import { Passage } from './passage.ts';
import type { RequestBody } from './request-body.ts';
import type { Route } from './route.ts';
import type { RoutedHead } from './routed-head.ts';

/** The exchange whose requests are dispatched. */
export interface DispatchOwner {
  readonly route: Route;
  readonly delivery: Delivery;
  readonly body: RequestBody;
  readonly account: Account | null;
  /** Answers a fault, or else this. */
  answer(fault: number, answer?: Answer | null): void;
}

/**
 * Does what a walk has decided: answers, or has the request delivered to an upstream once it is through what stands before that; and where
 * it fails, and the graph has another way for it, goes that way. Used again for the next request.
 */
export class Dispatch {
  client: Client | null = null;
  /** The lines about the client in the head that is forwarded. */
  about = '';
  /** The request is of our own making: nobody else reads its reply. */
  isInside = false;
  /** The protocol the client wants to change to, or null. */
  upgrade: string | null = null;
  readonly #context: Context;
  readonly #owner: DispatchOwner;
  readonly #forwardHead = new ForwardHead();
  readonly #detour: Detour;
  readonly #following: Following;
  /** Its way through what stands before its upstream as a whole, and through what its graph has put before it. */
  readonly #passage = new Passage();
  readonly #gate = new Passage();
  /** The cache of its upstream, and what it has come to; null: there is none. */
  #caching: Caching | null = null;
  /** The request is for the control plane. */
  #isControl = false;
  /** What an upstream without one may change that others keep; null: nothing. */
  #written: string | null = null;

  constructor(context: Context, owner: DispatchOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#detour = new Detour(context, owner.body);
    this.#following = new Following(owner.delivery);
  }

  /** Where it was not let through: when it may be, in seconds; 0: not known. */
  get retryAfterS(): number {
    return Math.max(this.#passage.retryAfterS, this.#gate.retryAfterS);
  }

  /** The walk is over. */
  decided(request: RoutedHead): void {
    const owner = this.#owner;
    const { upstream: name, answer, fault, keepsBody, body } = owner.route.plan;
    if (answer !== null) return owner.answer(0, answer);
    if (name === null) return owner.answer(fault === 0 ? Fault.FORBIDDEN : fault);
    if (keepsBody) this.#detour.keep(request);
    const { failed, nonIdempotent } = this.#detour;
    if (failed !== 0 && !owner.body.mayFollow(nonIdempotent, body !== null)) return owner.answer(failed);
    const { shared, ready } = this.#context;
    const upstream = shared.upstreams.get(name);
    if (upstream === null && !ready) return this.failed(Fault.NOT_READY);
    const affinity = upstream === null ? NO_AFFINITY : affinityOf(request, upstream, name);
    this.deliver(upstream, affinity, request.head, request.target);
  }

  deliver(upstream: Upstream | null, affinity: Readonly<Affinity>, head: Head, target: Target): void {
    const { client, about } = this;
    if (client === null) return;
    const { route, delivery, body, account } = this.#owner;
    const { plan } = route;
    const { now } = this.#context.shared.wheel;
    this.#isControl = upstream === this.#context.shared.admin;
    const guard = upstream === null ? null : upstream.guard;
    let fault = body.follow(plan);
    if (fault !== 0) return this.#owner.answer(fault);
    const compression =
      upstream === null || this.isInside ? null : compressionTerms(upstream, head, this.#context.busy);
    if (compression !== null && compression.options.offload) plan.drop(ACCEPT_ENCODING);
    if (upstream !== null && upstream.cache !== null) {
      this.#caching = this.#look(upstream.cache, client, head, target);
      this.#forwardHead.conditions = this.#caching.conditions;
      delivery.request.set('', upstream, plan, compression);
      if (this.#serve(upstream, head, this.#caching)) return;
    } else if (!this.#context.shared.upstreams.caches.isEmpty) this.#watchWriting(client, head, target);
    if (plan.gate !== null) fault = this.#gate.enter(plan.gate, now);
    if (fault === 0 && guard !== null) fault = this.#passage.enter(guard, now);
    if (fault !== 0) return this.failed(fault);
    const { identities } = this.#context.shared;
    if (identities !== null)
      this.#forwardHead.identity = identities.of(head, client.trusted, account === null ? null : account.record);
    const host = upstream?.setup?.host ?? null;
    const text = this.#forwardHead.encode(head, target, plan, client, about, this.upgrade, host);
    // A server may take a trailer for a field.
    body.forwardsTrailers = plan.guardedFields.length === 0;
    if (plan.mirrors !== null) this.#detour.mirror(plan.mirrors, plan, { client, about });
    delivery.request.set(text, upstream, plan, compression);
    delivery.request.caching = this.#caching;
    if (this.#caching !== null && upstream !== null && this.#following.begin(this.#caching, upstream, affinity, plan))
      return;
    delivery.start(upstream, affinity, plan);
  }

  /** No server has replied, or the request was not let through to any. */
  failed(fault: number): void {
    if (this.#isControl && UNREACHED.has(fault)) this.#owner.answer(Fault.NO_CONTROL);
    else if (!this.#goElsewhere(fault, 0)) this.#owner.answer(fault);
  }

  /** A reply with this status may be passed on: true if the request goes another way instead. */
  goesOn(status: number): boolean {
    return this.#owner.route.plan.fallback !== null && this.#goElsewhere(0, status);
  }

  /** Something of the body has come. */
  arrived(): void {
    const { client, about } = this;
    if (client !== null && this.#owner.route.plan.mirrors !== null) this.#detour.arrived({ client, about });
  }

  /** The request is over, or goes another way, with this last status. */
  leave(status: number): void {
    const { now } = this.#context.shared.wheel;
    this.#leaveCache(status);
    if (this.#gate.held) this.#gate.leave(status, now);
    if (this.#passage.held) this.#passage.leave(status, now);
  }

  #leaveCache(status: number): void {
    const { account } = this.#owner;
    const caching = this.#caching;
    this.#following.leave();
    if (caching !== null) {
      caching.ended(status);
      if (account !== null) account.record.cache = caching.outcome;
      this.#caching = null;
      this.#forwardHead.conditions = NO_CONDITIONS;
    } else if (this.#written !== null) {
      if (changes(this.#owner.delivery.request.method, status))
        this.#context.shared.upstreams.caches.written(this.#written);
      this.#written = null;
    }
  }

  /** The request goes on as a tunnel, which holds its place in its upstream. */
  handOver(status: number): RouteGate | null {
    const { now } = this.#context.shared.wheel;
    return this.#passage.handOver(status, now);
  }

  reset(): void {
    this.client = null;
    this.#caching = null;
    this.#written = null;
    this.#passage.retryAfterS = 0;
    this.#gate.retryAfterS = 0;
    this.#detour.reset();
  }

  #look(cache: ReplyCache, client: Client, head: Head, target: Target): Caching {
    const { wheel, limits, upstreams } = this.#context.shared;
    const question = questionOf(head, target, this.#owner.route.plan, client, this.upgrade !== null);
    return new Caching(cache, question, { caches: upstreams.caches, limits, clock: () => wheel.now });
  }

  /** By way of an upstream without a cache something may be changed that others keep. */
  #watchWriting(client: Client, head: Head, target: Target): void {
    const { route, delivery } = this.#owner;
    if (!changes(route.plan.method ?? delivery.request.method, OK)) return;
    this.#written = uriOf(questionOf(head, target, route.plan, client, false));
  }

  /** Answers from memory, or because the client wants that or nothing; false: a server has to be asked. */
  #serve(upstream: Upstream, head: Head, { stored, ageS, isOnly }: Caching): boolean {
    const { route, delivery, account } = this.#owner;
    const { identities } = this.#context.shared;
    if (stored === null) {
      if (isOnly) this.#owner.answer(0, NOT_STORED);
      return isOnly;
    }
    if (identities !== null && account !== null) identities.of(head, this.client?.trusted === true, account.record);
    delivery.serve(upstream, route.plan, { reply: stored, head: notModified(head, stored), ageS });
    return true;
  }

  /** Goes the way of a fallback, if there is one for this fault, or for a reply with this status; the other of both is 0. */
  #goElsewhere(fault: number, status: number): boolean {
    const { route, delivery } = this.#owner;
    const way = fallbackFor(route.plan.fallback, fault, status);
    const request = this.#detour.take(way, fault);
    if (way === null || request === null) return false;
    this.leave(status === 0 ? faultOf(fault).status : status);
    delivery.leave();
    route.plan.takeFallback(way);
    route.walk({ init: way.terms.to, edges: [], holding: null }, request);
    return true;
  }
}

/** RFC 9111 5.2.1.7. */
export const NOT_STORED: Answer = { status: 504, lines: '', body: '' };
const OK = 200;
const NO_CONDITIONS: readonly string[] = [];
export const ACCEPT_ENCODING: readonly string[] = ['accept-encoding'];
/** A server has heard nothing of the request. */
const UNREACHED: ReadonlySet<number> = new Set([Fault.CONNECT_FAILED, Fault.CONNECT_TIMEOUT, Fault.NO_SERVER]);
