import type { ServerReport, UpstreamReport } from '../upstream/server-report.ts';

/** Counts of an upstream over all workers that ever lived. */
export class UpstreamTotals {
  retries = 0;
  hedges = 0;
  budgetExhausted = 0;
  refusedFull = 0;
  refusedOpen = 0;
  compressed = 0;
  compressedFrom = 0;
  compressedTo = 0;
  cacheHits = 0;
  cacheMisses = 0;
  cacheBypasses = 0;
  cacheRevalidations = 0;
  readonly servers = new Map<string, ServerTotals>();

  add(told: UpstreamReport): void {
    this.retries += told.retries;
    this.hedges += told.hedges;
    this.budgetExhausted += told.budgetExhausted;
    this.refusedFull += told.refusedFull;
    this.refusedOpen += told.refusedOpen;
    this.compressed += told.compressed;
    this.compressedFrom += told.compressedFrom;
    this.compressedTo += told.compressedTo;
    this.cacheHits += told.cacheHits;
    this.cacheMisses += told.cacheMisses;
    this.cacheBypasses += told.cacheBypasses;
    this.cacheRevalidations += told.cacheRevalidations;
    for (const report of told.servers) {
      let totals = this.servers.get(report.server);
      if (totals === undefined) {
        totals = new ServerTotals();
        this.servers.set(report.server, totals);
      }
      totals.add(report);
    }
  }
}

/** Counts of a server over all workers that ever lived. */
export class ServerTotals {
  tries = 0;
  failures = 0;
  made = 0;
  outs = 0;

  add({ tries, failures, made, outs }: ServerReport): void {
    this.tries += tries;
    this.failures += failures;
    this.made += made;
    this.outs += outs;
  }
}
