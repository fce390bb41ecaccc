import type { AccessLogSetup } from '../core/config.ts';
import type { KeptRequests, RequestFilter } from '../core/kept-request.ts';
import type { Log } from '../core/log.ts';
import { AccessLog } from './access-log.ts';
import { logFormat } from './log-format.ts';
import { observerOf, type Observer } from './observer.ts';
import { RecentRequests } from './recent-requests.ts';
import type { ReportPiece, WorkerReport } from './report.ts';
import { ServerTallies, type ServerTally } from './server-tally.ts';
import { Statsd } from './statsd.ts';
import { Tally } from './tally.ts';
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

  /** What happened since the last report, but for what `moreOfReport` has. */
  report(): Pick<WorkerReport, 'tally' | 'droppedTraces' | 'droppedLines' | 'lostTimes'> {
    this.#servers.used.close();
    this.#traces.told.close();
    this.#recent?.samples.close();
    return {
      tally: this.#tally?.take(0) ?? null,
      droppedTraces: this.#traces.takeDropped(),
      droppedLines: this.#accessLog?.takeDropped() ?? 0,
      lostTimes: this.#statsd?.meter.takeLostCosts() ?? 0,
    };
  }

  /** At most so many things of the last report that it left out; null: there are none left. */
  moreOfReport(most: number): ReportPiece | null {
    const domains = this.#tally?.takeMore(most) ?? [];
    let left = most - domains.length;
    const servers = this.#servers.take(left);
    left -= servers.length;
    const traces = this.#traces.told.take(left);
    left -= traces.length;
    const samples = this.#recent?.samples.take(left) ?? [];
    return left - samples.length === most ? null : { domains, servers, traces, samples };
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

function openAccessLog({ path, format, sample }: AccessLogSetup, log: Log): AccessLog {
  return new AccessLog({ path, format: logFormat(format), sample, log });
}
