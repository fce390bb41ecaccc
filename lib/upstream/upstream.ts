import { NO_AFFINITY } from './affinity.ts';
import type { Affinity } from './affinity.ts';
import { Choice } from './choice.ts';
import type { ChoiceMeans } from './choice.ts';
import { Compressed, type CompressedCounts } from './compressed.ts';
import { GroupHealth } from './group-health.ts';
import type { Guard } from './guard.ts';
import type { UpstreamOptions } from './options/index.ts';
import { IdleTotal } from './pool.ts';
import { NOTHING_CACHED, ReplyCache, type CacheCounts } from './reply-cache.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';
import type { UpstreamSetup } from './setup.ts';
import { WaitQueue } from './wait-queue.ts';

/**
 * A named group of servers, and how they are used. If all of those that may be used are out because they failed, all of them are
 * tried again (spec 4).
 */
export class Upstream {
  readonly name: string;
  servers: readonly Server[] = [];
  options: UpstreamOptions;
  /** How requests and connections are made; null: as they are without options. */
  setup: UpstreamSetup | null;
  /** What stands before it as a whole; null: nothing. */
  guard: Guard | null = null;
  readonly health = new GroupHealth();
  readonly budget: RetryBudget;
  /** Requests that wait for a place at a server. */
  readonly queue: WaitQueue;
  /** What has happened since it was told last. */
  readonly counters = { retries: 0, hedges: 0, budgetExhausted: 0, refusedFull: 0, refusedOpen: 0 };
  readonly compressed = new Compressed();
  /** Replies that are kept; null: none are. */
  cache: ReplyCache | null;
  choice: Choice;
  /** Idle connections to all of its servers. */
  readonly #idle = new IdleTotal();
  readonly #means: ChoiceMeans;

  constructor(name: string, means: ChoiceMeans, options: UpstreamOptions, setup: UpstreamSetup | null = null) {
    this.name = name;
    this.options = options;
    this.setup = setup;
    this.budget = new RetryBudget(options.retry.budget);
    this.queue = new WaitQueue(options.queue);
    this.cache = options.cache === null ? null : new ReplyCache(options.cache);
    this.#means = means;
    this.choice = new Choice(name, [], options, means, null);
  }

  /** Replaces the server list at once for new requests. */
  replace(servers: readonly Server[]): void {
    this.servers = servers;
    for (const server of servers) this.#equip(server);
    this.health.set(servers, this.options.health.failOpen);
    this.choice = new Choice(this.name, servers, this.options, this.#means, this.choice);
    this.queue.wake();
  }

  /** Whether its servers are spoken to on streams of HTTP/2. */
  get hasStreams(): boolean {
    return this.setup !== null && this.setup.plain.maxStreams > 0;
  }

  /** Some server could be used if it had not as many requests as it may. */
  get isCrowded(): boolean {
    return this.servers.some(({ spec, available, inFlight }) => {
      return !spec.down && available && spec.maxConns > 0 && inFlight >= spec.maxConns;
    });
  }

  /** Changes the options at once for new requests; the servers are the same, and no reply is kept. */
  configure(options: UpstreamOptions, setup: UpstreamSetup): void {
    this.options = options;
    this.setup = setup;
    this.budget.options = options.retry.budget;
    this.queue.options = options.queue;
    this.cache = options.cache === null ? null : new ReplyCache(options.cache);
    this.replace(this.servers);
  }

  /** What was counted since the last time. */
  takeCounters(): Readonly<Upstream['counters']> & CompressedCounts & CacheCounts {
    const counted = { ...this.counters, ...this.compressed.take(), ...(this.cache?.take() ?? NOTHING_CACHED) };
    this.counters.retries = 0;
    this.counters.hedges = 0;
    this.counters.budgetExhausted = 0;
    this.counters.refusedFull = 0;
    this.counters.refusedOpen = 0;
    return counted;
  }

  /** A server for the next try; null if no server is usable that was not tried yet. */
  pick(tried: readonly Server[], affinity: Readonly<Affinity> = NO_AFFINITY): Server | null {
    const server = this.choice.pick(tried, affinity);
    if (server !== null || tried.length > 0) return server;
    // With a failure behind it a request may go on to the next server, but only a new request forgives.
    if (!this.#forgive()) return null;
    return this.choice.pick(tried, affinity);
  }

  /** What `pick` would answer to a new request, without any effect. */
  preview(affinity: Readonly<Affinity>): Server | null {
    const kept = this.servers.map(({ fails, warmth }) => ({ fails, warmth }));
    const server =
      this.choice.pick([], affinity, true) ?? (this.#forgive() ? this.choice.pick([], affinity, true) : null);
    for (const [i, one] of this.servers.entries()) Object.assign(one, kept[i]);
    return server;
  }

  #equip(server: Server): void {
    if (server.queue === null) server.joins(this.#idle);
    server.queue = this.queue;
    const { setup } = this;
    if (setup !== null) server.configure(server.target.secure ? setup.secure : setup.plain, setup.bounds);
  }

  /** Clears the failures of all servers; false if none had any. */
  #forgive(): boolean {
    let forgiven = false;
    for (const server of this.servers) {
      if (server.spec.down || server.available) continue;
      server.forgive();
      forgiven = true;
    }
    return forgiven;
  }
}
