import type { CidrList } from '../core/cidr.ts';
import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { Limits } from '../core/limits.ts';
import { Roster } from '../core/roster.ts';
import type { Wheel } from '../core/wheel.ts';
import { Head } from '../http/head.ts';
import { Target } from '../http/target.ts';
import type { DomainTable } from '../routing/domain-table.ts';
import type { Gate } from '../overload/gate.ts';
import type { Observer } from '../stats/observer.ts';
import { DEFAULT_OPTIONS } from '../upstream/options/index.ts';
import { policyOf } from '../upstream/setup.ts';
import type { Challenges } from '../tls/challenges.ts';
import type { DomainRules } from '../tls/domain-rules.ts';
import type { HostMap } from '../tls/host-map.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { Doors } from './doors.ts';
import type { Drain } from './drain.ts';
import type { Http2Acceptor } from './http2-acceptor.ts';
import { Exchange } from './exchange.ts';
import type { Identities } from './identities.ts';
import type { Guest } from './guest.ts';
import { ReplayMemory } from './replay-memory.ts';

/** What all exchanges of a worker share. */
export interface Shared {
  readonly limits: Limits;
  readonly wheel: Wheel;
  readonly table: DomainTable;
  readonly upstreams: Upstreams;
  /** Where `/__erulb__/` goes: the control plane. */
  readonly admin: Upstream;
  /** Null where nobody counts or logs requests. */
  readonly observer: Observer | null;
  /** Null: servers are told nothing that a request could be known by. */
  readonly identities: Identities | null;
  /** Peers whose word about their clients is believed. */
  readonly trusted: CidrList;
  /** What domains want of TLS. */
  readonly tls: HostMap<DomainRules>;
  /** What CAs ask for at the moment. */
  readonly challenges: Challenges;
}

/** The shared state of a worker's data plane: parts above, one record for the head being parsed, spare exchanges. */
export class Context {
  readonly shared: Shared;
  /** Heads are parsed and encoded within one turn, so one record of each kind serves all connections. */
  readonly requestHead: Head;
  readonly replyHead: Head;
  readonly target = new Target();
  /** How requests are delivered to upstreams that say nothing of it. */
  readonly policy: DeliveryPolicy;
  readonly replay: ReplayMemory;
  /** False before the first whole table: what is not in it is answered 503. */
  ready = false;
  /** Set while it drains. */
  drain: Drain | null = null;
  /** Set while it is overloaded. */
  gate: Gate | null = null;
  /** True while a request is begun only to be shed. */
  shedding = false;
  /** Who lets clients in, and hears when they leave. */
  doors: Doors | null = null;
  /** Who takes clients that speak HTTP/2; null: it is not spoken. */
  http2: Http2Acceptor | null = null;
  /** Clients there is no room for, and who are still heard. */
  refused = 0;
  /** Copies of requests under way. */
  copies = 0;
  /** Clients that were accepted, ever. */
  accepted = 0;
  readonly clients = new Roster<Guest>();
  readonly #spare: Exchange[] = [];
  #whenEmpty: (() => void) | null = null;

  constructor(shared: Shared) {
    this.shared = shared;
    this.policy = policyOf(DEFAULT_OPTIONS, shared.limits);
    this.replay = new ReplayMemory(shared.limits.maxReplayBytes);
    this.requestHead = new Head(shared.limits.maxFields);
    this.replyHead = new Head(shared.limits.maxFields);
  }

  /** Requests wait because there is too much to do: what may be left out is. */
  get busy(): boolean {
    return this.gate !== null && this.gate.waiting > 0;
  }

  addClient(client: Guest): void {
    this.clients.add(client);
    this.accepted++;
  }

  /** A client goes on as another guest: it is the same one to all who count. */
  replaceClient(client: Guest, by: Guest): void {
    this.clients.remove(client);
    this.clients.add(by);
  }

  removeClient(client: Guest): void {
    this.clients.remove(client);
    this.doors?.left(client);
    if (client.refusal !== 0) this.refused--;
    if (this.clients.size === 0) this.#whenEmpty?.();
  }

  /** Calls back once when no client is left, at once if there is none. */
  onEmpty(callback: () => void): void {
    if (this.clients.size === 0) callback();
    else this.#whenEmpty = callback;
  }

  /** An idle client holds no exchange: they are lent from request to reply. */
  lendExchange(): Exchange {
    return this.#spare.pop() ?? new Exchange(this);
  }

  returnExchange(exchange: Exchange): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(exchange);
  }
}

const MAX_SPARE = 1024;
