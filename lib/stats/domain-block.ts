import type { MetricName } from './catalogue.ts';
import { endingOf } from './endings.ts';
import { sampleLine } from './exposition.ts';
import { outcomeOf } from './tally.ts';
import type { DomainTotals } from './totals.ts';
import { WrittenLines } from './written-lines.ts';

/** Metrics that every domain has, in the order in which a page tells them. */
export const DOMAIN_METRICS = [
  'elb_requests_total',
  'elb_edge_hits_total',
  'elb_domain_request_seconds_total',
  'elb_domain_received_bytes_total',
  'elb_domain_sent_bytes_total',
] as const satisfies readonly MetricName[];

/**
 * Some domains whose samples are written together, and only after something of them was counted. Domains come into blocks in the order of
 * their first request, so that those that are busy are mostly among themselves, and most blocks rest.
 */
export class DomainBlock {
  readonly domains = new Map<string, DomainTotals>();
  /** Something was counted since they were written. */
  isStale = true;
  readonly #written = new WrittenLines();

  get isFull(): boolean {
    return this.domains.size >= DOMAINS_IN_BLOCK;
  }

  /** Samples of `DOMAIN_METRICS`. */
  get lines(): WrittenLines {
    if (this.isStale) this.#write();
    return this.#written;
  }

  #write(): void {
    let [requests, edges, seconds, received, sent] = ['', '', '', '', ''];
    for (const [domain, totals] of this.domains) {
      for (const [key, count] of totals.outcomes) {
        const { status, method, fault } = outcomeOf(key);
        requests += sampleLine('elb_requests_total', count, [domain, String(status), method, endingOf(fault)]);
      }
      for (const { node, edge, hits } of totals.edges.values())
        edges += sampleLine('elb_edge_hits_total', hits, [domain, node, edge]);
      const labels = [domain];
      seconds += sampleLine('elb_domain_request_seconds_total', totals.durationUs * SECONDS_PER_US, labels);
      received += sampleLine('elb_domain_received_bytes_total', totals.receivedBytes, labels);
      sent += sampleLine('elb_domain_sent_bytes_total', totals.sentBytes, labels);
    }
    this.#written.write([requests, edges, seconds, received, sent]);
    this.isStale = false;
  }
}

/** To write them takes a twentieth of a millisecond. */
const DOMAINS_IN_BLOCK = 16;
const SECONDS_PER_US = 1e-6;
