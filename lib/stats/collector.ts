import { ProcessUsage, type Usage } from './process-usage.ts';
import type { ReportPiece, WorkerReport } from './report.ts';
import { StatBook } from './stat-book.ts';
import { Totals } from './totals.ts';
import type { TracedRequest } from './traced-request.ts';

/** Is told of requests that are to be told as traces. */
export interface TraceTaker {
  took(requests: readonly TracedRequest[], dropped: number): void;
}

/**
 * What the workers report, put together in the primary: counts over all that ever lived, states of those that live. Reading it
 * disturbs no request.
 */
export class Collector {
  readonly totals = new Totals();
  readonly stats = new StatBook();
  /** Where traces go; null: nowhere. */
  traces: TraceTaker | null = null;
  newClients = 0;
  lostTimes = 0;
  droppedLines = 0;
  shed = 0;
  /** By how they ended. */
  readonly greetings = new Map<string, number>();
  /** By process: seconds on the processor since it was first seen. */
  readonly cpuSeconds = new Map<number, number>();
  readonly #own = new ProcessUsage();
  readonly #newest = new Map<number, WorkerReport>();

  /** The newest report of each worker that lives, in the order of their birth. */
  get workers(): readonly WorkerReport[] {
    return [...this.#newest.values()];
  }

  /** `worker`: a number that no other worker has or had. */
  took(worker: number, report: WorkerReport): void {
    this.#newest.set(worker, report);
    if (report.tally !== null) this.totals.merge(report.tally);
    this.traces?.took([], report.droppedTraces);
    this.newClients += report.newClients;
    this.lostTimes += report.lostTimes;
    this.droppedLines += report.droppedLines;
    this.shed += report.load.shed;
    for (const [end, count] of Object.entries(report.greetings)) {
      this.greetings.set(end, (this.greetings.get(end) ?? 0) + count);
    }
    this.#countCpu(report.usage);
  }

  /** More of a report before. */
  tookPiece({ domains, servers, samples, traces }: ReportPiece): void {
    this.totals.mergeDomains(domains);
    this.stats.tookDomains(domains);
    this.stats.tookServers(servers);
    this.stats.tookSamples(samples);
    this.traces?.took(traces, 0);
  }

  /** What the primary and the workers use; in one process they are one. */
  usages(): readonly Usage[] {
    const own = this.#own.take();
    const others = this.workers.map(({ usage }) => usage).filter(({ pid }) => pid !== own.pid);
    if (others.length === this.#newest.size) this.#countCpu(own);
    return [own, ...others];
  }

  /** A worker has ended: what it counted stays. */
  gone(worker: number): void {
    const report = this.#newest.get(worker);
    this.#newest.delete(worker);
    if (report !== undefined) this.cpuSeconds.delete(report.usage.pid);
  }

  #countCpu({ pid, cpuSeconds }: Usage): void {
    this.cpuSeconds.set(pid, (this.cpuSeconds.get(pid) ?? 0) + cpuSeconds);
  }
}
