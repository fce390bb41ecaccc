import type { HistogramDelta } from './histogram.ts';
import { Histogram } from './histogram.ts';
import type { DomainDelta, TallyDelta } from './tally.ts';

/** Counts of one domain since the instance started. */
export class DomainTotals {
  /** Requests by `outcomeKey`. */
  readonly outcomes = new Map<number, number>();
  readonly durationUs = new Histogram();
  receivedBytes = 0;
  sentBytes = 0;
  /** How often each edge was walked, by node and edge; a document may have lost it meanwhile. */
  readonly edges = new Map<string, { readonly node: string; readonly edge: string; hits: number }>();

  merge(delta: DomainDelta): void {
    for (let i = 0; i < delta.outcomes.length; i += 2) {
      const key = delta.outcomes[i] ?? 0;
      this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + (delta.outcomes[i + 1] ?? 0));
    }
    mergeInto(this.durationUs, delta.durationUs);
    this.receivedBytes += delta.receivedBytes;
    this.sentBytes += delta.sentBytes;
    for (const { node, edge, hits } of delta.edges) {
      const key = `${edge} ${node}`;
      const known = this.edges.get(key);
      if (known === undefined) this.edges.set(key, { node, edge, hits });
      else known.hits += hits;
    }
  }
}

/**
 * Everything the workers have counted, put together in the primary, where reading and printing it disturbs no request.
 */
export class Totals {
  readonly domains = new Map<string, DomainTotals>();
  readonly durationUs = new Histogram();
  readonly serverUs = new Histogram();
  readonly receivedBytes = new Histogram();
  readonly sentBytes = new Histogram();

  merge(delta: TallyDelta): void {
    this.mergeDomains(delta.domains);
    mergeInto(this.durationUs, delta.durationUs);
    mergeInto(this.serverUs, delta.serverUs);
    mergeInto(this.receivedBytes, delta.receivedBytes);
    mergeInto(this.sentBytes, delta.sentBytes);
  }

  mergeDomains(domains: readonly DomainDelta[]): void {
    for (const domain of domains) this.#domain(domain.name).merge(domain);
  }

  /** Forgets a domain that is no more: its series end, so that their number follows the configuration. */
  forget(domain: string): void {
    this.domains.delete(domain);
  }

  #domain(name: string): DomainTotals {
    let totals = this.domains.get(name);
    if (totals === undefined) {
      totals = new DomainTotals();
      this.domains.set(name, totals);
    }
    return totals;
  }
}

function mergeInto(histogram: Histogram, delta: HistogramDelta | null): void {
  if (delta !== null) histogram.merge(delta);
}
