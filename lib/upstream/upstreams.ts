import type { BreakerTies, KnowingBreaker } from '../core/breaker-news.ts';
import type { Limits } from '../core/limits.ts';
import type { Wheel } from '../core/wheel.ts';
import type { BalancerKind } from './balancer.ts';
import type { ChoiceMeans } from './choice.ts';
import { Guard } from './guard.ts';
import { Server, type TryCounter } from './server.ts';
import { DEFAULT_OPTIONS } from './options/index.ts';
import type { UpstreamOptions } from './options/index.ts';
import type { Algorithm } from './options/balance.ts';
import { serverKey, USUAL_PARAMETERS, type ServerSpec } from './server-spec.ts';
import { UNIX } from './server-name.ts';
import { setupOf, type UpstreamSetup } from './setup.ts';
import { Barred, type HealthNews } from './server-health.ts';
import type { Sightings } from './sightings.ts';
import { ReplyCaches } from './reply-caches.ts';
import { Upstream } from './upstream.ts';
import { listedName, parseDirect } from './upstream-name.ts';
import { CALM_MS, Watch } from './watch.ts';

/** What every server of this process shares. */
export interface UpstreamsOptions {
  readonly wheel: Wheel;
  readonly balancers: Readonly<Record<Algorithm, BalancerKind>>;
  readonly limits: Limits;
  /** Certificates that servers' are checked against, PEM or a path; null: those of the machine. */
  readonly serverCa: string | null;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Is told what is seen of servers; without it nobody is. */
  readonly sightings?: Sightings;
  /** Has the other workers forget what they keep of these URIs. */
  readonly forget?: (uris: readonly string[]) => void;
  /** Makes who counts the tries at a server; without it nobody does. */
  readonly counterOf?: (upstream: string, server: string) => TryCounter;
  /** Number of processes that share what an upstream may have as a whole; 1 if unset. */
  readonly workers?: number;
}

/**
 * All upstreams of a worker: those of the table by name, and those that a graph names directly as `host:port`,
 * `http://host:port` or `https://host:port`. They are made when first asked for: most upstreams of a large table sleep.
 */
export class Upstreams implements BreakerTies {
  /** Those of upstreams that keep replies. */
  readonly caches: ReplyCaches;
  readonly #options: UpstreamsOptions;
  readonly #means: ChoiceMeans;
  readonly #named = new Map<string, Upstream>();
  /** Servers of the named ones that nobody has asked for. */
  readonly #asleep = new Map<string, readonly ServerSpec[]>();
  readonly #direct = new Map<string, Upstream>();
  /** That of upstreams without options, which share it. */
  readonly #usual: UpstreamSetup;
  /** Those that are not at their defaults, of upstreams that exist or not. */
  readonly #configured = new Map<string, UpstreamOptions>();
  /** Breakers of graphs that hear of their like in other processes. */
  readonly #tied = new Map<string, KnowingBreaker>();
  /** Servers of the named ones by `serverKey`. */
  readonly #servers = new Map<string, Map<string, Server>>();

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    const { wheel, balancers, random } = options;
    this.caches = new ReplyCaches(options.forget ?? (() => undefined));
    this.#means = { wheel, balancers, random };
    this.#usual = setupOf(DEFAULT_OPTIONS, options, null);
  }

  /** The upstream of that name, which may have a tag behind it, or the server that it addresses; null if it is neither. */
  get(name: string): Upstream | null {
    return this.#named.get(name) ?? this.#direct.get(name) ?? this.#listed(name) ?? this.#makeDirect(name);
  }

  /** Replaces an upstream's servers. A server that stays is the same object, with connections, counters and health. */
  set(name: string, specs: readonly ServerSpec[]): void {
    const asleep = this.#asleep.get(name);
    // Servers that are added to others may have to start slowly.
    const upstream = asleep === undefined || areThoseOf(asleep, specs) ? this.#named.get(name) : this.#wake(name);
    if (upstream) return this.#replace(upstream, specs);
    this.#asleep.set(name, specs);
    if (this.#tellsOfItself(name)) this.#wake(name);
  }

  #replace(upstream: Upstream, specs: readonly ServerSpec[]): void {
    const { name } = upstream;
    const before = this.#servers.get(name) ?? new Map<string, Server>();
    const after = new Map<string, Server>();
    for (const spec of specs) {
      const key = serverKey(spec);
      const known = before.get(key);
      before.delete(key);
      const server = known ?? this.#make(upstream, spec);
      server.spec = spec;
      // Where all are new, none has to start slowly.
      if (known === undefined && upstream.servers.length > 0) server.start();
      after.set(key, server);
    }
    this.#servers.set(name, after);
    upstream.replace([...after.values()]);
    for (const gone of before.values()) gone.unlist();
  }

  /**
   * Sets the options of an upstream, or (null) all of them to their defaults; the upstream may come later. Servers stay as they
   * are, with connections, counters and health.
   */
  configure(name: string, options: UpstreamOptions | null): void {
    if (options === null) this.#configured.delete(name);
    else this.#configured.set(name, options);
    if (this.#tellsOfItself(name)) this.#wake(name);
    const chosen = options ?? DEFAULT_OPTIONS;
    for (const upstreams of [this.#named, this.#direct]) {
      const upstream = upstreams.get(name);
      if (upstream === undefined) continue;
      upstream.configure(chosen, setupOf(chosen, this.#options, upstream.setup));
      this.#watch(upstream);
    }
  }

  /** What the primary has decided, and what the other processes have seen. */
  learn({ barred, starting = [], failures, breakers }: HealthNews): void {
    const { now } = this.#options.wheel;
    for (const { upstream } of [...barred, ...starting, ...failures]) this.#wake(upstream);
    for (const change of barred) {
      const server = this.#servers.get(change.upstream)?.get(change.server);
      if (server !== undefined) this.#named.get(change.upstream)?.health.bar(server, change.barred);
    }
    for (const { upstream, server, agoMs } of starting) {
      this.#servers
        .get(upstream)
        ?.get(server)
        ?.start(now - agoMs);
    }
    for (const { upstream, server, failed } of failures) {
      for (let i = 0; i < failed; i++) this.#servers.get(upstream)?.get(server)?.countFailure();
    }
    for (const news of breakers) {
      const breaker = this.#named.get(news.upstream)?.guard ?? this.#tied.get(news.upstream);
      breaker?.learn(news, now);
    }
  }

  join(name: string, breaker: KnowingBreaker): void {
    this.#tied.set(name, breaker);
  }

  leave(name: string, breaker: KnowingBreaker): void {
    if (this.#tied.get(name) === breaker) this.#tied.delete(name);
  }

  onBreakerNews(breaker: KnowingBreaker, urgent: boolean): void {
    this.#options.sightings?.onBreakerNews(breaker, urgent);
  }

  /** Those of the table and those that are named directly, but for those that sleep and have nothing to tell; or that of a name. */
  *each(name: string | null): Generator<readonly [upstream: Upstream, isDirect: boolean]> {
    for (const upstreams of [this.#named, this.#direct]) {
      const isDirect = upstreams === this.#direct;
      const one = name === null ? undefined : upstreams.get(name);
      if (one !== undefined) yield [one, isDirect];
      else if (name === null) for (const upstream of upstreams.values()) yield [upstream, isDirect];
    }
  }

  *names(): Generator<string, void> {
    yield* this.#named.keys();
    yield* this.#asleep.keys();
  }

  delete(name: string): void {
    const upstream = this.#named.get(name);
    this.#asleep.delete(name);
    this.#named.delete(name);
    this.#servers.delete(name);
    this.caches.set(name, null);
    if (upstream !== undefined) close(upstream);
  }

  clear(): void {
    for (const name of this.names()) this.delete(name);
  }

  /** Closes every idle connection, all of which can be made again; answers how many there were. */
  endIdle(): number {
    let ended = 0;
    for (const upstreams of [this.#named, this.#direct])
      for (const upstream of upstreams.values()) for (const server of upstream.servers) ended += server.endIdle();
    return ended;
  }

  /** Closes every idle connection; those in use are closed when their exchange is over. */
  close(): void {
    this.clear();
    for (const upstream of this.#direct.values()) close(upstream);
    this.#direct.clear();
  }

  /** Where a name has a tag behind it, or stands for one that sleeps. */
  #listed(name: string): Upstream | null {
    const listed = listedName(name);
    return this.#named.get(listed) ?? this.#wake(name) ?? this.#wake(listed);
  }

  #wake(name: string): Upstream | null {
    const specs = this.#asleep.get(name);
    if (specs === undefined) return null;
    this.#asleep.delete(name);
    const upstream = this.#open(name);
    this.#named.set(name, upstream);
    this.#replace(upstream, specs);
    return upstream;
  }

  /** Of a breaker there is always something to tell. */
  #tellsOfItself(name: string): boolean {
    return (this.#configured.get(name)?.breaker ?? null) !== null;
  }

  #open(name: string): Upstream {
    const options = this.#configured.get(name);
    const setup = options === undefined ? this.#usual : setupOf(options, this.#options, this.#usual);
    const upstream = new Upstream(name, this.#means, options ?? DEFAULT_OPTIONS, setup);
    this.#watch(upstream);
    return upstream;
  }

  #make(upstream: Upstream, spec: ServerSpec): Server {
    const { wheel, limits, sightings } = this.#options;
    const { host, port } = spec;
    const path = host.startsWith(UNIX) ? host.slice(UNIX.length) : '';
    const server = new Server(spec, { host, port, path, secure: false }, wheel, limits.serverKeepAliveMs);
    server.counter = this.#options.counterOf?.(upstream.name, serverKey(spec)) ?? null;
    if (upstream.options.health.checks?.initial === 'down') server.barred = Barred.UNCHECKED;
    if (sightings === undefined) return server;
    server.watch = new Watch(server, upstream.name, serverKey(spec), upstream.health, sightings);
    observe(server.watch, upstream.options);
    return server;
  }

  /** Has the options hold for what stands before an upstream and for what is seen of its servers. */
  #watch(upstream: Upstream): void {
    this.caches.set(upstream.name, upstream.cache);
    const { breaker, concurrency } = upstream.options;
    const { sightings = null, workers = 1 } = this.#options;
    const options = { breaker, concurrency: Math.ceil(concurrency.max / workers) };
    if (breaker === null && concurrency.max === 0) upstream.guard = null;
    else if (upstream.guard === null) {
      upstream.guard = new Guard(upstream.name, options, sightings, upstream.counters);
    } else upstream.guard.change(options);
    for (const { watch } of upstream.servers) if (watch !== null) observe(watch, upstream.options);
  }

  #makeDirect(name: string): Upstream | null {
    const address = parseDirect(name);
    if (address === null) return null;
    const { wheel, limits } = this.#options;
    const { host, port } = address;
    const upstream = this.#open(name);
    const spec = { ...ALONE, name, host, port };
    const server = new Server(spec, { ...address, path: '' }, wheel, limits.serverKeepAliveMs);
    server.counter = this.#options.counterOf?.(name, serverKey(spec)) ?? null;
    upstream.replace([server]);
    if (this.#direct.size >= MAX_DIRECT) this.#dropIdleDirect();
    this.#direct.set(name, upstream);
    return upstream;
  }

  /** Documents come and go; the servers they named directly are let go when many have gathered. */
  #dropIdleDirect(): void {
    for (const [name, upstream] of this.#direct) {
      if (upstream.servers.some((server) => server.inFlight > 0)) continue;
      close(upstream);
      this.caches.set(name, null);
      this.#direct.delete(name);
    }
  }
}

const MAX_DIRECT = 1000;

/** Parameters of a server that is named directly: alone, so never taken out. */
const ALONE = { ...USUAL_PARAMETERS, maxFails: 0 };

/** Good replies are counted only where they decide something. */
function observe(watch: Watch, { health, outlier }: UpstreamOptions): void {
  const spared = health.checks?.spareBusy === true ? health.checks : null;
  watch.counting = outlier !== null || spared !== null;
  // A check is spared if there was news since the last one was due.
  watch.calmMs = spared === null ? CALM_MS : Math.min(CALM_MS, spared.intervalMs / 2);
  watch.outlier = outlier;
}

function areThoseOf(before: readonly ServerSpec[], after: readonly ServerSpec[]): boolean {
  return before.length === after.length && before.every((spec, i) => serverKey(spec) === serverKey(after[i] ?? spec));
}

function close(upstream: Upstream): void {
  for (const server of upstream.servers) server.unlist();
}
