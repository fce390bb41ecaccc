import type { SampledRequest } from './recent-requests.ts';
import type { ServerDelta } from './server-tally.ts';
import { endingOf } from './endings.ts';
import { PathPatterns } from './path-patterns.ts';
import { TICK_MS } from './rate.ts';
import { SpaceSaving } from './space-saving.ts';
import { Stat } from './stat.ts';
import type { DomainDelta } from './tally.ts';
import { outcomeOf } from './tally.ts';
import { PART_MS } from './time-windows.ts';

/**
 * What all workers count together, as rates and times of the last minutes: in all, by domain, upstream and server, and by the paths that are
 * asked for most. Kept in the primary, where it disturbs no request.
 */
export class StatBook {
  readonly total = new Stat();
  readonly domains = new Map<string, Stat>();
  readonly upstreams = new Map<string, Stat>();
  /** Upstreams that documents name; others are forgotten when nobody uses them. */
  readonly known = new Set<string>();
  /** By upstream, then by the server's key. */
  readonly servers = new Map<string, Map<string, Stat>>();
  readonly paths: SpaceSaving<Stat>;
  readonly clients = new SpaceSaving(
    MOST_CLIENTS,
    () => null,
    () => undefined,
  );
  readonly #patterns = new PathPatterns();
  /** Those of which something is left to forget. */
  readonly #moving = new Set<Stat>();
  #ticks = 0;

  constructor() {
    this.paths = new SpaceSaving(
      MOST_PATHS,
      () => new Stat(),
      (stat) => this.#moving.delete(stat),
    );
  }

  tookDomains(domains: readonly DomainDelta[]): void {
    for (const { name, outcomes, durationUs, receivedBytes, sentBytes } of domains) {
      const stats = [this.total, this.#of(this.domains, name)];
      for (const stat of stats) {
        this.#moving.add(stat);
        for (let i = 0; i < outcomes.length; i += 2) {
          const { status } = outcomeOf(outcomes[i] ?? 0);
          stat.add(String(status), status >= 400 || status === 0, outcomes[i + 1] ?? 0);
        }
        stat.took(durationUs);
        stat.receivedBytes += receivedBytes;
        stat.sentBytes += sentBytes;
      }
    }
  }

  tookServers(deltas: readonly ServerDelta[]): void {
    for (const { upstream, server, outcomes, durationUs, sentBytes, receivedBytes } of deltas) {
      let servers = this.servers.get(upstream);
      if (servers === undefined) {
        servers = new Map();
        this.servers.set(upstream, servers);
      }
      for (const stat of [this.#of(this.upstreams, upstream), this.#of(servers, server)]) {
        this.#moving.add(stat);
        for (let i = 0; i < outcomes.length; i += 2) {
          const outcome = outcomes[i] ?? 0;
          const code = outcome < 0 ? endingOf(outcome) : outcome === 0 ? CLIENT_GONE : String(outcome);
          stat.add(code, outcome < 0 || outcome >= 400, outcomes[i + 1] ?? 0);
        }
        stat.took(durationUs);
        // Told as of clients: what the requests had, and what the replies.
        stat.receivedBytes += sentBytes;
        stat.sentBytes += receivedBytes;
      }
    }
  }

  tookSamples(samples: readonly SampledRequest[]): void {
    for (const { weight, path, client, status, durationMs, receivedBytes, sentBytes } of samples) {
      if (client !== '') this.clients.add(client, weight);
      if (!path.startsWith('/')) continue;
      const stat = this.paths.add(this.#patterns.patternOf(path), weight);
      this.#moving.add(stat);
      stat.add(String(status), status >= 400, weight);
      stat.times.record(Math.round(durationMs * 1000), weight);
      stat.receivedBytes += receivedBytes * weight;
      stat.sentBytes += sentBytes * weight;
    }
  }

  /** A domain, or an upstream, is no more. */
  forgetDomain(name: string): void {
    this.domains.delete(name);
  }

  forgetUpstream(name: string): void {
    this.known.delete(name);
    this.upstreams.delete(name);
    this.servers.delete(name);
  }

  /** A document names an upstream with these servers. */
  keepServers(upstream: string, keys: ReadonlySet<string>): void {
    this.known.add(upstream);
    const servers = this.servers.get(upstream);
    for (const key of servers?.keys() ?? []) if (!keys.has(key)) servers?.delete(key);
  }

  /** Another `TICK_MS` have passed. */
  tick(): void {
    this.#ticks++;
    const turns = this.#ticks % (PART_MS / TICK_MS) === 0;
    for (const stat of this.#moving) {
      stat.tick();
      if (turns) stat.times.turn();
      if (stat.isStill) this.#moving.delete(stat);
    }
    if (this.#ticks % AGE_TICKS !== 0) return;
    for (const [name, stat] of this.upstreams) if (stat.isStill && !this.known.has(name)) this.forgetUpstream(name);
    this.paths.age(AGED);
    this.clients.age(AGED);
  }

  #of(stats: Map<string, Stat>, name: string): Stat {
    let stat = stats.get(name);
    if (stat === undefined) {
      stat = new Stat();
      stats.set(name, stat);
    }
    return stat;
  }
}

const CLIENT_GONE = 'client_gone';
const MOST_PATHS = 256;
const MOST_CLIENTS = 512;
/** A minute; what was counted an hour ago weighs an e-th. */
const AGE_TICKS = 60_000 / TICK_MS;
const AGED = Math.exp(-1 / 60);
