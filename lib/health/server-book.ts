import type { ServerControl } from '../control.ts';
import type { BreakerName, ServerWork, UpstreamWork } from '../core/upstream-work.ts';
import { BreakerState } from '../upstream/breaker.ts';
import { Barred } from '../upstream/server-health.ts';
import type { BreakerReport, ServersPiece } from '../upstream/server-report.ts';
import { areLevel } from '../upstream/server-spec.ts';
import type { Health } from './health.ts';
import { RestingWorks } from './resting-works.ts';
import { serverState } from './server-state.ts';
import { ServerTotals, UpstreamTotals } from './server-totals.ts';
import { seenOf, Told, type Seen } from './told.ts';
import type { Member, UpstreamHealth } from './upstream-health.ts';

export interface ServerBookOptions {
  readonly health: Health;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Has every worker tell; resolves when all have. */
  readonly ask: (upstream: string | null) => Promise<void>;
  /** How often an upstream's breaker has opened. */
  readonly openings: (upstream: string) => number;
}

/**
 * Every server at work: what the primary knows of it, and what the workers tell when they are asked - counts that are added up
 * here and outlive them, and states as they were when last asked.
 */
export class ServerBook implements ServerControl {
  readonly #options: ServerBookOptions;
  readonly #totals = new Map<string, UpstreamTotals>();
  /** By worker, then by upstream: what it told last. */
  readonly #told = new Map<number, Map<string, Told>>();
  readonly #resting = new RestingWorks();

  constructor(options: ServerBookOptions) {
    this.#options = options;
  }

  /** `worker`: a number that no other worker has or had. */
  took(worker: number, { question, asked, more, upstreams }: ServersPiece): void {
    let told = this.#told.get(worker);
    if (told === undefined) {
      told = new Map();
      this.#told.set(worker, told);
    }
    for (const report of upstreams) {
      this.#resting.forget(report.upstream);
      this.#totalsOf(report.upstream).add(report);
      const known = told.get(report.upstream);
      if (known === undefined || known.question < question) told.set(report.upstream, new Told(question, report));
      else if (known.question === question) known.add(report);
    }
    if (more) return;
    // Of what is not mentioned there is nothing to tell any more.
    for (const [name, { question: number }] of told) {
      if (number < question && (asked === null || asked === name)) told.delete(name);
    }
  }

  /** A worker has ended: what it counted stays. */
  gone(worker: number): void {
    this.#told.delete(worker);
  }

  async read(upstream: string | null): Promise<Iterable<readonly [string, UpstreamWork]>> {
    await this.#options.ask(upstream);
    if (upstream === null) this.#prune();
    return this.#works(upstream);
  }

  *#works(only: string | null): Generator<readonly [string, UpstreamWork]> {
    const { upstreams } = this.#options.health;
    for (const [name, upstream] of only === null ? upstreams : justOne(upstreams, only)) {
      if (upstream.members.size > 0) yield [name, this.#workOf(upstream)];
    }
    for (const [name, address] of this.#direct()) {
      if ((only === null || only === name) && !upstreams.get(name)?.members.size)
        yield [name, this.#directOf(name, address)];
    }
  }

  #workOf(upstream: UpstreamHealth): UpstreamWork {
    const { name, members } = upstream;
    const told = this.#toldOf(name);
    const known = told.length > 0 ? null : this.#resting.of(upstream, this.#options.openings(name));
    if (known !== null) return known;
    const { fail_open: failOpen } = upstream.summary(this.#options.clock());
    const all = [...members.values()];
    const isLevel = areLevel(all.map(({ spec }) => spec));
    const servers = all.map((member) => this.#serverOf(member, told, failOpen === true, isLevel));
    const work = this.#upstreamOf(name, told, failOpen === true, servers);
    if (told.length === 0) this.#resting.keep(upstream, work);
    return work;
  }

  #serverOf(member: Member, told: readonly Told[], failOpen: boolean, isLevel: boolean): ServerWork {
    const { spec, barred, key, upstream } = member;
    const { name, host, port, weight, backup, priority, tags, maxConns, down, drain } = spec;
    const seen = seenOf(told, key);
    const isHealthy = barred === 0 || (failOpen && (barred & Barred.UNCHECKED) === 0);
    const used = !down && !drain && (weight > 0 || isLevel) && isHealthy && seen.isOpenSomewhere;
    return {
      upstream: upstream.name,
      name,
      addr: port === 0 ? host : host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      weight,
      ...(backup && { backup }),
      ...(priority > 0 && { priority }),
      ...(tags.length > 0 && { tags }),
      ...(maxConns > 0 && { max_conns: maxConns }),
      ...serverState(member, seen, this.#options.clock()),
      used,
      ...this.#countsOf(upstream.name, key, seen, member.ejections),
    };
  }

  /** A server that a graph names: no document, no checks, no failures that count. */
  #directOf(name: string, address: string): UpstreamWork {
    const told = this.#toldOf(name);
    const [key = ''] = told.flatMap(({ servers }) => [...servers.keys()]);
    const seen = seenOf(told, key);
    const server: ServerWork = {
      upstream: name,
      name,
      addr: address,
      weight: 1,
      state: 'up',
      reason: 'named by a graph',
      since: null,
      until: null,
      used: seen.isOpenSomewhere,
      ...this.#countsOf(name, key, seen, 0),
    };
    return this.#upstreamOf(name, told, false, [server]);
  }

  #upstreamOf(name: string, told: readonly Told[], failOpen: boolean, servers: readonly ServerWork[]): UpstreamWork {
    const totals = this.#totals.get(name) ?? NOTHING_COUNTED_OF_ALL;
    return {
      fail_open: failOpen,
      in_flight: servers.reduce((sum, server) => sum + server.in_flight, 0),
      waiting: told.reduce((sum, { report }) => sum + report.waiting, 0),
      retries: totals.retries,
      hedges: totals.hedges,
      budget_exhausted: totals.budgetExhausted,
      refused: { full: totals.refusedFull, open: totals.refusedOpen },
      compressed: { replies: totals.compressed, bytes_in: totals.compressedFrom, bytes_out: totals.compressedTo },
      cache: {
        hits: totals.cacheHits,
        misses: totals.cacheMisses,
        bypasses: totals.cacheBypasses,
        revalidations: totals.cacheRevalidations,
        bytes: told.reduce((sum, { report }) => sum + report.cacheBytes, 0),
      },
      breaker: this.#breakerOf(told),
      opened: this.#options.openings(name),
      servers,
    };
  }

  #countsOf(
    upstream: string,
    key: string,
    seen: Seen,
    ejections: number,
  ): Pick<ServerWork, 'in_flight' | 'fails' | 'latency_ms' | 'connections' | 'requests' | 'failures' | 'ejections'> {
    const totals = this.#totals.get(upstream)?.servers.get(key) ?? NOTHING_COUNTED;
    return {
      in_flight: seen.inFlight,
      fails: seen.fails,
      latency_ms: seen.replyMs === null ? null : Math.round(seen.replyMs * 100) / 100,
      connections: { open: seen.open, idle: seen.idle, made: totals.made },
      requests: totals.tries,
      failures: totals.failures,
      ejections: ejections + totals.outs,
    };
  }

  /** The worst state that a worker finds it in. */
  #breakerOf(told: readonly Told[]): UpstreamWork['breaker'] {
    let worst: BreakerReport | null = null;
    for (const { report } of told) {
      const { breaker } = report;
      if (breaker !== null && (worst === null || badness(breaker.state) > badness(worst.state))) worst = breaker;
    }
    if (worst === null) return null;
    const since =
      worst.state === BreakerState.CLOSED ? null : new Date(this.#options.clock() - worst.agoMs).toISOString();
    return { state: BREAKER_NAMES[worst.state] ?? 'closed', since };
  }

  #toldOf(upstream: string): readonly Told[] {
    let all: Told[] | null = null;
    for (const told of this.#told.values()) {
      const one = told.get(upstream);
      if (one !== undefined) (all ??= []).push(one);
    }
    return all ?? NOTHING_TOLD;
  }

  /** Servers that graphs name directly, and their addresses. */
  #direct(): ReadonlyMap<string, string> {
    const direct = new Map<string, string>();
    for (const told of this.#told.values()) {
      for (const [name, { report }] of told) if (report.direct !== null) direct.set(name, report.direct);
    }
    return direct;
  }

  #totalsOf(upstream: string): UpstreamTotals {
    let totals = this.#totals.get(upstream);
    if (totals === undefined) {
      totals = new UpstreamTotals();
      this.#totals.set(upstream, totals);
    }
    return totals;
  }

  /** Counts follow the table: those of what is no more are forgotten. */
  #prune(): void {
    const { upstreams } = this.#options.health;
    for (const name of this.#resting.names()) if (!upstreams.has(name)) this.#resting.forget(name);
    const direct = this.#direct();
    for (const [name, { servers }] of this.#totals) {
      const members = upstreams.get(name)?.members;
      if (members === undefined) {
        if (!direct.has(name)) this.#totals.delete(name);
      } else for (const key of servers.keys()) if (!members.has(key)) servers.delete(key);
    }
  }
}

/** Of servers and upstreams that no worker has told of: most of many. */
const NOTHING_COUNTED: Readonly<ServerTotals> = new ServerTotals();
const NOTHING_COUNTED_OF_ALL: Readonly<UpstreamTotals> = new UpstreamTotals();

const NOTHING_TOLD: readonly Told[] = [];

/** By `BreakerState`. */
const BREAKER_NAMES: readonly BreakerName[] = ['closed', 'open', 'half-open'];

/** Closed, half open, open. */
function badness(state: number): number {
  return state === BreakerState.OPEN ? 2 : state === BreakerState.HALF_OPEN ? 1 : 0;
}

function* justOne(
  upstreams: ReadonlyMap<string, UpstreamHealth>,
  name: string,
): Generator<readonly [string, UpstreamHealth]> {
  const upstream = upstreams.get(name);
  if (upstream !== undefined) yield [name, upstream];
}
