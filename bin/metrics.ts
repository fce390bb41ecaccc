import type { MetricsSource } from '../api/resource.ts';
import type { TableChange } from '../lib/change.ts';
import { Collector } from '../lib/stats/collector.ts';
import { CONTENT_TYPES, formatFor } from '../lib/stats/exposition.ts';
import { exposePrometheus } from '../lib/stats/prometheus.ts';
import type { Sync } from '../lib/sync.ts';
import { version } from './version.ts';

/** Who has the workers report. */
interface Reporters {
  askReports(): Promise<void>;
}

/** Gathers what the workers count, every few seconds and whenever somebody asks, and tells it as metrics. */
export class Metrics implements MetricsSource {
  readonly collector = new Collector();
  readonly #startedAt = Date.now() / 1000 - process.uptime();
  #workers: Reporters | null = null;
  #sync: Sync | null = null;

  /** Begins to gather. */
  start(workers: Reporters, sync: Sync): void {
    this.#workers = workers;
    this.#sync = sync;
    setInterval(() => void workers.askReports(), GATHER_MS).unref();
  }

  /** Domains that are no more take their series with them. */
  follow(changes: readonly TableChange[]): void {
    for (const change of changes) {
      if (change.kind === 'domain' && change.document === null) this.collector.totals.forget(change.name);
    }
  }

  async page(accept: string | undefined): Promise<{ type: string; parts: Iterable<string> }> {
    await this.#workers?.askReports();
    const format = formatFor(accept);
    return { type: CONTENT_TYPES[format], parts: exposePrometheus(this.collector, this.#facts(), format) };
  }

  #facts(): Parameters<typeof exposePrometheus>[1] {
    const status = this.#sync?.status;
    return {
      version: version(),
      startedAt: this.#startedAt,
      domains: this.#sync?.sizes.domains ?? 0,
      upstreams: this.#sync?.sizes.upstreams ?? 0,
      revision: status?.revision ?? -1,
      connected: status?.connected ?? false,
      rejected: status?.rejected.size ?? 0,
      overlays: status?.overlays ?? 0,
    };
  }
}

/** Workers hold what they counted until they are asked: seldom enough to cost nothing, often enough to lose little with one. */
const GATHER_MS = 5000;
