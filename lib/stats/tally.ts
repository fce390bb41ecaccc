import { Histogram, type HistogramDelta } from './histogram.ts';
import { Outbox } from './outbox.ts';
import { SparseCounts } from './sparse-counts.ts';

/**
 * A worker's counts of requests since they were taken last: by domain, and sizes and times over all of them. Counting a
 * request is two look-ups and a dozen additions, and nothing of it grows with the number of requests. The names of domains
 * come from documents, never from clients, so that memory is bounded by what is configured.
 */
export class Tally {
  /** Those that were asked for since the last report. */
  #domains = new Map<string, DomainCounts>();
  readonly #told = new Outbox<DomainCounts>();
  readonly #totals = new TotalCounts();

  /** Counts one request that has ended. */
  count(request: CountedRequest): void {
    const { domain, durationMs, serverMs, receivedBytes, sentBytes } = request;
    const counts = this.#domains.get(domain) ?? this.#add(domain);
    counts.outcomes.add(outcomeKey(request.status, request.method, request.fault));
    const durationUs = Math.round(durationMs * 1000);
    counts.durationUs.record(durationUs);
    counts.receivedBytes += receivedBytes;
    counts.sentBytes += sentBytes;
    const { graph } = request;
    if (graph !== null && graph !== counts.graphs[0]) counts.walked(graph);
    const totals = this.#totals;
    totals.durationUs.record(durationUs);
    if (serverMs > 0) totals.serverUs.record(Math.round(serverMs * 1000));
    totals.receivedBytes.record(receivedBytes);
    totals.sentBytes.record(sentBytes);
  }

  /**
   * Hands over everything counted since the last time, as plain data that travels between processes; of the domains at most so many:
   * `takeMore` has the others. A hundred thousand at once would hold requests up for half a second.
   */
  take(mostDomains = Infinity): TallyDelta {
    this.#told.close();
    this.#domains = new Map();
    const { durationUs, serverUs, receivedBytes, sentBytes } = this.#totals;
    return {
      domains: this.takeMore(mostDomains),
      durationUs: durationUs.take(),
      serverUs: serverUs.take(),
      receivedBytes: receivedBytes.take(),
      sentBytes: sentBytes.take(),
    };
  }

  /** At most so many of the domains that are still to be handed over; none: that was all. */
  takeMore(mostDomains: number): readonly DomainDelta[] {
    return this.#told.take(mostDomains).map((counts) => counts.take());
  }

  #add(domain: string): DomainCounts {
    const counts = new DomainCounts(domain);
    this.#domains.set(domain, counts);
    this.#told.add(counts);
    return counts;
  }
}

/** A graph whose edges count how often they were walked. */
export interface CountedGraph {
  readonly edges: readonly { readonly from: string; readonly edge: string; hits: number }[];
}

/** How often an edge was walked; `edge` is empty for the step into the graph. */
export interface EdgeDelta {
  readonly node: string;
  readonly edge: string;
  readonly hits: number;
}

function takeHits({ edges }: CountedGraph): EdgeDelta[] {
  const deltas: EdgeDelta[] = [];
  for (const one of edges) {
    if (one.hits === 0) continue;
    deltas.push({ node: one.from, edge: one.edge, hits: one.hits });
    one.hits = 0;
  }
  return deltas;
}

/** A request that has ended, as far as it is counted. */
export interface CountedRequest {
  /** Name of the domain's document; empty where no domain has the host. */
  readonly domain: string;
  /** The graph that was walked, or null. */
  readonly graph: CountedGraph | null;
  readonly method: string;
  /** Status the client was sent last; 0 where it was sent none. */
  readonly status: number;
  /** A code of `Fault`: why it ended as it did; 0 where all went well. */
  readonly fault: number;
  /** From the head's arrival to the reply's last byte, and what of it was spent on servers. */
  readonly durationMs: number;
  readonly serverMs: number;
  /** Heads included. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

class DomainCounts {
  readonly name: string;
  /** Requests by `outcomeKey`. */
  readonly outcomes = new SparseCounts();
  readonly durationUs = new Histogram();
  receivedBytes = 0;
  sentBytes = 0;
  /** Usually one; more where the document changed meanwhile. */
  graphs: readonly CountedGraph[] = NO_GRAPHS;

  constructor(name: string) {
    this.name = name;
  }

  walked(graph: CountedGraph): void {
    if (!this.graphs.includes(graph)) this.graphs = [...this.graphs, graph];
  }

  take(): DomainDelta {
    const { name, receivedBytes, sentBytes } = this;
    const edges = this.graphs.flatMap((graph) => takeHits(graph));
    return {
      name,
      outcomes: this.outcomes.take(),
      durationUs: this.durationUs.take(),
      receivedBytes,
      sentBytes,
      edges,
    };
  }
}

const NO_GRAPHS: readonly CountedGraph[] = [];

class TotalCounts {
  readonly durationUs = new Histogram();
  readonly serverUs = new Histogram();
  readonly receivedBytes = new Histogram();
  readonly sentBytes = new Histogram();
}

/** What was counted for one domain. `outcomes`: pairs of `outcomeKey` and count. */
export interface DomainDelta {
  readonly name: string;
  readonly outcomes: readonly number[];
  readonly durationUs: HistogramDelta | null;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly edges: readonly EdgeDelta[];
}

export interface TallyDelta {
  readonly domains: readonly DomainDelta[];
  readonly durationUs: HistogramDelta | null;
  readonly serverUs: HistogramDelta | null;
  readonly receivedBytes: HistogramDelta | null;
  readonly sentBytes: HistogramDelta | null;
}

/** How a request ended, in one small integer: status, method and fault side by side. */
export function outcomeKey(status: number, method: string, fault: number): number {
  return ((status & 0x3ff) << 12) | (methodIndex(method) << 8) | (-fault & 0xff);
}

export interface Outcome {
  readonly status: number;
  /** One of the methods below, or `other`: a client chooses its method freely, and may not make series of it. */
  readonly method: string;
  readonly fault: number;
}

export function outcomeOf(key: number): Outcome {
  const fault = key & 0xff;
  return { status: key >>> 12, method: METHODS[(key >>> 8) & 0xf] ?? OTHER_METHOD, fault: fault === 0 ? 0 : -fault };
}

function methodIndex(method: string): number {
  switch (method) {
    case 'GET':
      return 1;
    case 'POST':
      return 2;
    case 'HEAD':
      return 3;
    case 'PUT':
      return 4;
    case 'DELETE':
      return 5;
    case 'PATCH':
      return 6;
    case 'OPTIONS':
      return 7;
    case 'CONNECT':
      return 8;
    case 'TRACE':
      return 9;
    default:
      return 0;
  }
}

const OTHER_METHOD = 'other';
const METHODS = [OTHER_METHOD, 'GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE'];
