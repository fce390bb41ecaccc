import { empty } from '../core/empty.ts';
import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import { NO_AFFINITY, type Affinity } from '../upstream/affinity.ts';
import type { RequestRecord } from '../stats/request-record.ts';
import type { Server } from '../upstream/server.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { setsCookie } from './affinity.ts';
import type { Outgoing } from './outgoing.ts';
import { backoff } from './retry.ts';
import type { Try } from './try.ts';

/** The servers that one request was given to, in turn, which one is next, and what further tries its upstream allows. */
export class Tries {
  upstream: Upstream | null = null;
  policy: DeliveryPolicy;
  /** Tries so far. */
  count = 0;
  readonly #request: Outgoing;
  readonly #tried: Server[] = [];
  /** Of those counted, so many were left before anything was sent because another server was faster. */
  #spared = 0;
  /** Tries of upstreams before. */
  #earlier = 0;
  #affinity: Readonly<Affinity> = NO_AFFINITY;

  /** `request`: is told how often it was given to a server. */
  constructor(policy: DeliveryPolicy, request: Outgoing) {
    this.policy = policy;
    this.#request = request;
  }

  /** Begins a new request; `now`: wheel time. */
  begin(upstream: Upstream | null, affinity: Readonly<Affinity>, policy: DeliveryPolicy, now: number): void {
    this.upstream = upstream;
    this.#affinity = affinity;
    this.policy = policy;
    upstream?.budget.deposit(now);
  }

  /** Writes down how many servers were tried, and of which upstream. */
  describe(record: RequestRecord): void {
    record.tries = this.total;
    record.upstream = this.upstream?.name ?? '';
  }

  /** A request that needs no server of this upstream. */
  spare(upstream: Upstream, policy: DeliveryPolicy): void {
    this.upstream = upstream;
    this.policy = policy;
  }

  /** The server for the next try, counted as tried from now on; null if there is none, or no try is left. */
  next(): Server | null {
    const { upstream, policy } = this;
    if (upstream === null || this.count - this.#spared >= policy.tries) return null;
    let server = upstream.pick(this.#tried, this.#affinity);
    if (server === null && policy.sameServer && this.count > 0) {
      empty(this.#tried);
      server = upstream.pick(this.#tried, this.#affinity);
    }
    if (server === null) return null;
    this.count++;
    this.#request.tries = this.total;
    this.#tried.push(server);
    return server;
  }

  /** A server was left without blame while it was being connected to: should the faster one fail, it may be asked again. */
  spared(server: Server | null): void {
    const at = server === null ? -1 : this.#tried.indexOf(server);
    if (at === -1) return;
    this.#tried.splice(at, 1);
    this.#spared++;
  }

  /** Fields of ours in the reply: what its client needs to come back to its server, or how old it is; empty for nothing. */
  linesFor({ server, relay, stored }: Try): string {
    if (stored !== null) return stored.lines;
    const choice = this.upstream?.choice;
    if (server === null || choice === undefined || choice.sessions === null) return '';
    const { along } = choice.sessions.options;
    if (along !== '' && !setsCookie(relay.setCookie(), along)) return '';
    return choice.sessionLine(this.#affinity, server);
  }

  /** A try follows others that failed; answers how long it has to wait, in milliseconds. */
  again(): number {
    if (this.upstream !== null) this.upstream.counters.retries++;
    return backoff(this.policy, this.count - 1, Math.random());
  }

  /** Whether one more request may be sent than clients have sent; it is counted then. `now`: wheel time. */
  mayAdd(now: number): boolean {
    const { upstream } = this;
    if (upstream === null) return false;
    if (upstream.budget.withdraw(now)) return true;
    upstream.counters.budgetExhausted++;
    return false;
  }

  /** As `mayAdd`, for a second server beside the one that is asked. */
  mayHedge(now: number): boolean {
    const { upstream } = this;
    if (upstream === null || upstream.servers.length < 2 || !this.mayAdd(now)) return false;
    upstream.counters.hedges++;
    return true;
  }

  /** They are done with, and others follow. */
  leave(): void {
    const { total } = this;
    this.reset();
    this.#earlier = total;
  }

  /** Tries of the request, of all upstreams that it was given to. */
  get total(): number {
    return this.#earlier + this.count;
  }

  reset(): void {
    this.#earlier = 0;
    this.upstream = null;
    this.#affinity = NO_AFFINITY;
    this.count = 0;
    this.#spared = 0;
    empty(this.#tried);
  }
}
