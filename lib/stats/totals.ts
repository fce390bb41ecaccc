import { DomainBlock } from './domain-block.ts';
import type { HistogramDelta } from './histogram.ts';
import { Histogram } from './histogram.ts';
import type { DomainDelta, TallyDelta } from './tally.ts';

/** Counts of one domain since the instance started. */
export class DomainTotals {
  /** Requests by `outcomeKey`. */
  readonly outcomes = new Map<number, number>();
  durationUs = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly block: DomainBlock;
  /** How often each edge was walked, by node and edge; a document may have lost it meanwhile. */
  readonly edges = new Map<string, { readonly node: string; readonly edge: string; hits: number }>();

  constructor(block: DomainBlock) {
    this.block = block;
  }

  merge(delta: DomainDelta): void {
    this.block.isStale = true;
    for (let i = 0; i < delta.outcomes.length; i += 2) {
      const key = delta.outcomes[i] ?? 0;
      this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + (delta.outcomes[i + 1] ?? 0));
    }
    this.durationUs += delta.durationUs?.sum ?? 0;
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
  /** The domains as they are told. */
  readonly blocks = new Set<DomainBlock>();
  /** Those that have room for more. */
  readonly #roomy = new Set<DomainBlock>();
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
    const block = this.domains.get(domain)?.block;
    if (block === undefined) return;
    this.domains.delete(domain);
    block.domains.delete(domain);
    block.isStale = true;
    this.#roomy.add(block);
    if (block.domains.size > 0) return;
    this.blocks.delete(block);
    this.#roomy.delete(block);
  }

  #domain(name: string): DomainTotals {
    let totals = this.domains.get(name);
    if (totals === undefined) {
      const block = this.#blockWithRoom();
      totals = new DomainTotals(block);
      this.domains.set(name, totals);
      block.domains.set(name, totals);
      if (block.isFull) this.#roomy.delete(block);
    }
    return totals;
  }

  #blockWithRoom(): DomainBlock {
    for (const block of this.#roomy) return block;
    const block = new DomainBlock();
    this.blocks.add(block);
    this.#roomy.add(block);
    return block;
  }
}

function mergeInto(histogram: Histogram, delta: HistogramDelta | null): void {
  if (delta !== null) histogram.merge(delta);
}
