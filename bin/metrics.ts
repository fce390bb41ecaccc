import type { EdgeHits, MetricsSource, Page, StatsSource } from '../api/resource.ts';
import type { Inventory } from '../lib/certs/inventory.ts';
import type { TableChange } from '../lib/change.ts';
import type { ServerControl, WorkersControl } from '../lib/control.ts';
import type { StatsFilter, StatsView } from '../lib/core/stat-view.ts';
import { unhurried } from '../lib/core/unhurried.ts';
import { Collector } from '../lib/stats/collector.ts';
import { CONTENT_TYPES, formatFor } from '../lib/stats/exposition.ts';
import { exposePrometheus, type InstanceFacts } from '../lib/stats/prometheus.ts';
import { TICK_MS } from '../lib/stats/rate.ts';
import { EVERY_REQUEST } from '../lib/stats/recent-requests.ts';
import { UpstreamLines } from '../lib/stats/upstream-lines.ts';
import { viewStats } from '../lib/stats/view-stats.ts';
import type { Supervision } from '../lib/supervisor/supervision.ts';
import type { Sync } from '../lib/sync.ts';
import { serverKey } from '../lib/upstream/server-spec.ts';
import type { TraceExport } from '../lib/traces/trace-export.ts';
import { version } from './version.ts';

/** Who has the workers report. */
interface Reporters extends WorkersControl {
  askReports(): Promise<void>;
}

/** Gathers what the workers count, every `TICK_MS` and whenever somebody asks, and tells it as metrics. */
export class Metrics implements MetricsSource, StatsSource {
  readonly collector = new Collector();
  readonly #lines = new UpstreamLines();
  readonly #startedAt = Date.now() / 1000 - process.uptime();
  #workers: Reporters | null = null;
  #sync: Sync | null = null;
  #certificates: Inventory | null = null;
  #servers: ServerControl | null = null;
  #supervision: Supervision | null = null;
  #traces: TraceExport | null = null;

  /** Begins to gather. */
  start(
    workers: Reporters,
    sync: Sync,
    certificates: Inventory,
    servers: ServerControl,
    supervision: Supervision,
  ): void {
    this.#supervision = supervision;
    this.#certificates = certificates;
    this.#workers = workers;
    this.#sync = sync;
    this.#servers = servers;
    setInterval(() => void this.#gather(workers), TICK_MS).unref();
  }

  /** Has traces sent; without it they are dropped. */
  trace(traces: TraceExport | null): void {
    this.#traces = traces;
    this.collector.traces = traces;
  }

  /** Domains that are no more take their series with them. */
  follow(changes: readonly TableChange[]): void {
    for (const change of changes) {
      const { totals, stats } = this.collector;
      if (change.kind === 'domain' && change.document === null) {
        totals.forget(change.name);
        stats.forgetDomain(change.name);
      } else if (change.kind === 'upstream') {
        if (change.servers === null) stats.forgetUpstream(change.name);
        else stats.keepServers(change.name, new Set(change.servers.map((spec) => serverKey(spec))));
      }
    }
  }

  async stats(filter: StatsFilter): Promise<StatsView> {
    await this.#workers?.askReports();
    const slowest = { ...EVERY_REQUEST, domain: filter.domain, upstream: filter.upstream, slowest: true, limit: 10 };
    const answers = (await this.#workers?.query({ kind: 'requests', filter: slowest }, 'all')) ?? [];
    const requests = answers.flatMap(({ requests: some }) => some);
    return viewStats(this.collector.stats, filter, Date.now() / 1000 - this.#startedAt, requests);
  }

  async page(accept: string | undefined): Promise<Page> {
    const [upstreams = []] = await Promise.all([this.#servers?.read(null), this.#workers?.askReports()]);
    const format = formatFor(accept);
    const told = { collector: this.collector, upstreams, facts: this.#facts() };
    return { type: CONTENT_TYPES[format], parts: unhurried(exposePrometheus(told, this.#lines, format)) };
  }

  async edges(domain: string): Promise<readonly EdgeHits[]> {
    await this.#workers?.askReports();
    return [...(this.collector.totals.domains.get(domain)?.edges.values() ?? [])];
  }

  /** Rates move on once everything up to this moment is counted. */
  async #gather(workers: Reporters): Promise<void> {
    await workers.askReports();
    this.collector.stats.tick();
  }

  #facts(): InstanceFacts {
    const status = this.#sync?.status;
    return {
      version: version(),
      startedAt: this.#startedAt,
      domains: this.#sync?.sizes.domains ?? 0,
      upstreams: this.#sync?.sizes.upstreams ?? 0,
      revision: status?.revision ?? -1,
      lag: Math.max(0, (status?.revision ?? -1) - (this.#sync?.revision ?? -1)),
      connected: status?.connected ?? false,
      rejected: status?.rejected.size ?? 0,
      overlays: status?.overlays ?? 0,
      spans: this.#traces?.counts() ?? [],
      expiries: this.#certificates?.expiries() ?? [],
      listeners: this.#supervision?.listeners ?? [],
    };
  }
}
