import type { TableChange } from '../change.ts';
import { DEFAULT_OPTIONS, openOptions } from '../upstream/options/index.ts';
import { proxyHeader } from '../net/proxy-header.ts';
import { isRouteBreaker, type BreakerNews } from '../core/breaker-news.ts';
import { BreakerState } from '../upstream/breaker.ts';
import type { HealthChange, HealthNews, WorkerSightings } from '../upstream/server-health.ts';
import type { Health } from './health.ts';

/** The workers as the relay reaches them. */
export interface Workers {
  /** To every worker that serves, but for that one. */
  broadcast(news: HealthNews, except: number | null): void;
}

/**
 * What goes between the workers and the primary about health: what a worker has seen goes to the primary's judgement, and what it
 * means to the other workers goes on to them; what the primary decides goes to all. A worker that starts is told what holds.
 */
export class HealthRelay {
  readonly #health: Health;
  readonly #workers: Workers;
  readonly #clock: () => number;
  readonly #serverCa: string | null;
  /** The last change of each breaker, and when it was. */
  readonly #turned = new Map<string, { readonly state: number; readonly at: number }>();
  /** The same of breakers in graphs that are not closed, the latest last. */
  readonly #routes = new Map<string, { readonly state: number; readonly at: number }>();
  /** How often each breaker has opened. */
  readonly #openings = new Map<string, number>();

  /** `serverCa`: what servers' certificates are checked against where options say nothing, PEM or a path; null: the machine's. */
  constructor(health: Health, workers: Workers, clock: () => number, serverCa: string | null) {
    this.#health = health;
    this.#workers = workers;
    this.#clock = clock;
    this.#serverCa = serverCa;
  }

  /** The table has changed. */
  follow(change: TableChange): void {
    if (change.kind === 'upstream') this.#health.setServers(change.name, change.servers);
    else if (change.kind === 'options') {
      const options = change.document === null ? DEFAULT_OPTIONS : openOptions(JSON.parse(change.document));
      const { health, outlier, balance, breaker, tls, connections } = options;
      if (breaker === null) this.#forget(change.name);
      this.#health.setRules(
        change.name,
        { health: health.checks, outlier, failOpen: health.failOpen, slowStartMs: balance.slowStartMs },
        {
          secure: tls.enabled === true,
          tls: { ...tls.settings, ca: tls.settings.ca ?? this.#serverCa },
          greeting: connections.proxy === null ? '' : proxyHeader(connections.proxy, null),
          via: connections.via,
        },
      );
    }
  }

  /** What a worker has seen. */
  took(worker: number, { servers, breakers }: WorkerSightings): void {
    const failures = servers.filter(({ failed }) => failed > 0);
    if (failures.length + breakers.length > 0) this.#workers.broadcast({ barred: [], failures, breakers }, worker);
    for (const { upstream, turned } of breakers) {
      if (turned !== null) this.#turn(upstream, turned.state, this.#clock() - turned.agoMs);
    }
    this.#health.saw(servers);
  }

  /** What the primary has decided. */
  tell(barred: readonly HealthChange[]): void {
    this.#workers.broadcast({ barred, failures: [], breakers: [] }, null);
  }

  /** What holds for a worker that knows nothing but the table. */
  whole(): HealthNews {
    const breakers: BreakerNews[] = [];
    for (const [upstream, { state, at }] of [...this.#turned, ...this.#routes]) {
      if (state !== BreakerState.OPEN) continue;
      breakers.push({ upstream, good: 0, slow: 0, failed: 0, turned: { state, agoMs: this.#clock() - at } });
    }
    return { barred: this.#health.whole(), starting: this.#health.starting(), failures: [], breakers };
  }

  /** How often the breaker of an upstream has opened. */
  openings(upstream: string): number {
    return this.#openings.get(upstream) ?? 0;
  }

  /** Breakers that are open as far as is known, by upstream, and since when. */
  open(): ReadonlyMap<string, number> {
    const open = [...this.#turned].filter(([, { state }]) => state === BreakerState.OPEN);
    return new Map(open.map(([upstream, { at }]) => [upstream, at]));
  }

  #turn(upstream: string, state: number, at: number): void {
    if (isRouteBreaker(upstream)) return this.#turnRoute(upstream, state, at);
    const before = this.#turned.get(upstream);
    this.#turned.set(upstream, { state, at });
    // What all workers have heard, each of them may tell.
    const isSame = before?.state === state && at - before.at < SAME_MS;
    if (state === BreakerState.OPEN && !isSame) this.#openings.set(upstream, this.openings(upstream) + 1);
  }

  /** Of those in graphs nobody says when they go: only what a worker that starts later has to know is kept, and not all of it. */
  #turnRoute(name: string, state: number, at: number): void {
    this.#routes.delete(name);
    if (state === BreakerState.CLOSED) return;
    for (const oldest of this.#routes.keys()) {
      if (this.#routes.size < MAX_ROUTES) break;
      this.#routes.delete(oldest);
    }
    this.#routes.set(name, { state, at });
  }

  #forget(upstream: string): void {
    this.#turned.delete(upstream);
    this.#openings.delete(upstream);
  }
}

/** Longer than news take to all workers. */
const SAME_MS = 200;
/** Breakers of graphs that a worker is told of that starts later. */
const MAX_ROUTES = 1000;
