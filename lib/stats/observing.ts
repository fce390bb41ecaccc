import type { AccessLogSetup } from '../core/config.ts';
import type { KeptRequests, RequestFilter } from '../core/kept-request.ts';
import type { Log } from '../core/log.ts';
import { AccessLog } from './access-log.ts';
import { logFormat } from './log-format.ts';
import { observerOf, type Observer } from './observer.ts';
import { RecentRequests } from './recent-requests.ts';
import type { WorkerReport } from './report.ts';
import { ServerTallies, type ServerTally } from './server-tally.ts';
import { Statsd } from './statsd.ts';
import { Tally, type DomainDelta } from './tally.ts';
import { Traces } from './traced-request.ts';

export interface ObservingOptions {
  /** Whether requests are counted for reports. */
  readonly metrics: boolean;
  readonly accessLog: AccessLogSetup | null;
  /** How many requests are remembered; 0 or unset: none. */
  readonly recentRequests?: number;
  readonly statsd: { readonly host: string; readonly port: number; readonly prefix: string } | null;
  /** Null or unset: nothing is traced. */
  readonly tracing?: object | null;
  readonly log: Log;
}

/** Everything in a worker that counts, logs or remembers requests, put together. */
export class Observing {
  /** Null where nobody does. */
  readonly observer: Observer | null;
  /** Makes who counts the tries at a server; null where nobody does. */
  readonly counterOf: ((upstream: string, server: string) => ServerTally) | null;
  readonly #statsd: Statsd | null;
  readonly #tally: Tally | null;
  readonly #accessLog: AccessLog | null;
  readonly #recent: RecentRequests | null;
  readonly #traces = new Traces();
  readonly #servers = new ServerTallies();

  constructor({ metrics, accessLog, recentRequests = 0, statsd, tracing = null, log }: ObservingOptions) {
    this.#statsd = statsd === null ? null : new Statsd({ ...statsd, log });
    this.#accessLog = accessLog === null ? null : openAccessLog(accessLog, log);
    this.#tally = metrics ? new Tally() : null;
    this.#recent = recentRequests === 0 ? null : new RecentRequests(recentRequests);
    this.counterOf = metrics ? (upstream, server) => this.#servers.of(upstream, server) : null;
    this.observer = observerOf({
      log: this.#accessLog,
      tally: this.#tally,
      meter: this.#statsd?.meter ?? null,
      recent: this.#recent,
      traces: tracing === null ? null : this.#traces,
    });
  }

  /** What happened since the last report. */
  report(): Pick<WorkerReport, 'tally' | 'servers' | 'samples' | 'traces' | 'droppedLines' | 'lostTimes'> {
    return {
      tally: this.#tally?.take(DOMAINS_AT_ONCE) ?? null,
      servers: this.#servers.take(),
      samples: this.#recent?.takeSamples() ?? [],
      traces: this.#traces.take(),
      droppedLines: this.#accessLog?.takeDropped() ?? 0,
      lostTimes: this.#statsd?.meter.takeLostCosts() ?? 0,
    };
  }

  /** More of the domains that the last report had no room for; none: there are none left. */
  moreDomains(): readonly DomainDelta[] {
    return this.#tally?.takeMore(DOMAINS_AT_ONCE) ?? [];
  }

  /** Requests that are remembered. */
  find(filter: RequestFilter): KeptRequests {
    return this.#recent?.find(filter) ?? { requests: [], perWorker: 0 };
  }

  /** Log files were moved away. */
  reopen(): void {
    this.#accessLog?.reopen();
  }

  /** Tells what is left to tell. */
  async stop(): Promise<void> {
    await this.#statsd?.stop();
    await this.#accessLog?.close();
  }
}

/** Domains that are handed over at once: the code that does it has not run for a while, and is slow then. */
const DOMAINS_AT_ONCE = 10;

function openAccessLog({ path, format, sample }: AccessLogSetup, log: Log): AccessLog {
  return new AccessLog({ path, format: logFormat(format), sample, log });
}
