import type { ServerWork, UpstreamWork } from '../core/upstream-work.ts';
import type { MetricName } from './catalogue.ts';
import { sampleLine, type Exposition } from './exposition.ts';
import { WrittenLines } from './written-lines.ts';

export type Measured = Iterable<readonly [upstream: string, work: UpstreamWork]>;

/**
 * Tells upstreams and their servers as metrics. It remembers how it told them, and writes those anew of which something has changed: of
 * ten thousand servers most rest.
 */
export class UpstreamLines {
  #known = new Map<string, Remembered>();

  /** In steps, most of which give no part yet. */
  *tell(out: Exposition, upstreams: Measured): Generator<Buffer | null> {
    const told = new Map<string, Remembered>();
    for (const [upstream, work] of upstreams) {
      const known = this.#known.get(upstream);
      const isKnown = known !== undefined && areSame(known.work, work);
      told.set(upstream, isKnown ? known : linesOf(upstream, work));
      yield null;
    }
    this.#known = told;
    // A list is gone through without garbage.
    const all = [...told.values()];
    for (const [place, { name }] of METRICS_OF_UPSTREAMS.entries()) {
      out.family(name);
      for (let i = 0; i < all.length; i++) {
        const lines = all[i]?.lines;
        if (lines !== undefined) out.lines(lines, place);
        const part = out.part();
        if (part !== null) yield part;
      }
    }
  }
}

interface Remembered {
  readonly work: UpstreamWork;
  /** Of `METRICS_OF_UPSTREAMS`. */
  readonly lines: WrittenLines;
}

/** Whether everything that `METRICS_OF_UPSTREAMS` tell is the same. Most are, and make no garbage. */
function areSame(a: UpstreamWork, b: UpstreamWork): boolean {
  return (
    a === b ||
    (a.waiting === b.waiting &&
      a.retries === b.retries &&
      a.hedges === b.hedges &&
      a.budget_exhausted === b.budget_exhausted &&
      a.refused.full === b.refused.full &&
      a.refused.open === b.refused.open &&
      a.compressed.replies === b.compressed.replies &&
      a.compressed.bytes_in === b.compressed.bytes_in &&
      a.compressed.bytes_out === b.compressed.bytes_out &&
      a.cache.hits === b.cache.hits &&
      a.cache.misses === b.cache.misses &&
      a.cache.bypasses === b.cache.bypasses &&
      a.cache.revalidations === b.cache.revalidations &&
      a.cache.bytes === b.cache.bytes &&
      a.breaker?.state === b.breaker?.state &&
      a.opened === b.opened &&
      a.servers.length === b.servers.length &&
      a.servers.every((server, i) => isSameServer(server, b.servers[i])))
  );
}

function isSameServer(a: ServerWork, b: ServerWork | undefined): boolean {
  return (
    b !== undefined &&
    a.addr === b.addr &&
    a.state === b.state &&
    a.used === b.used &&
    a.in_flight === b.in_flight &&
    a.fails === b.fails &&
    a.latency_ms === b.latency_ms &&
    a.connections.open === b.connections.open &&
    a.connections.idle === b.connections.idle &&
    a.connections.made === b.connections.made &&
    a.requests === b.requests &&
    a.failures === b.failures &&
    a.ejections === b.ejections
  );
}

function linesOf(upstream: string, work: UpstreamWork): Remembered {
  const lines = new WrittenLines();
  const texts = METRICS_OF_UPSTREAMS.map(({ name, tell }) => {
    let text = '';
    tell(work, (value, ...labels) => (text += sampleLine(name, value, [upstream, ...labels])));
    return text;
  });
  lines.write(texts);
  return { work, lines };
}

type Sample = (value: number, ...labels: readonly string[]) => unknown;

interface UpstreamMetric {
  readonly name: MetricName;
  tell(work: UpstreamWork, sample: Sample): void;
}

const ofUpstream = (name: MetricName, value: (work: UpstreamWork) => number): UpstreamMetric => ({
  name,
  tell: (work, sample) => sample(value(work)),
});

/** `value`: null where it is not known. */
const ofServer = (name: MetricName, value: (server: ServerWork) => number | null): UpstreamMetric => ({
  name,
  tell: ({ servers }, sample) => {
    for (const server of servers) {
      const number = value(server);
      if (number !== null) sample(number, server.addr);
    }
  },
});

const METRICS_OF_UPSTREAMS: readonly UpstreamMetric[] = [
  ofUpstream('elb_upstream_waiting_requests', ({ waiting }) => waiting),
  ofUpstream('elb_upstream_retries_total', ({ retries }) => retries),
  ofUpstream('elb_upstream_hedges_total', ({ hedges }) => hedges),
  ofUpstream('elb_upstream_retry_budget_exhausted_total', (work) => work.budget_exhausted),
  ofUpstream('elb_upstream_compressed_replies_total', ({ compressed }) => compressed.replies),
  ofUpstream('elb_upstream_cache_bytes', ({ cache }) => cache.bytes),
  ofUpstream('elb_upstream_breaker_openings_total', ({ opened }) => opened),
  {
    name: 'elb_upstream_refused_requests_total',
    tell: ({ refused }, sample) => {
      sample(refused.full, 'full');
      sample(refused.open, 'breaker');
    },
  },
  {
    name: 'elb_upstream_compression_bytes_total',
    tell: ({ compressed }, sample) => {
      if (compressed.replies === 0) return;
      sample(compressed.bytes_in, 'before');
      sample(compressed.bytes_out, 'after');
    },
  },
  {
    name: 'elb_upstream_cache_requests_total',
    tell: ({ cache }, sample) => {
      if (cache.hits + cache.misses + cache.bypasses + cache.revalidations === 0) return;
      sample(cache.hits, 'hit');
      sample(cache.misses, 'miss');
      sample(cache.bypasses, 'bypass');
      sample(cache.revalidations, 'revalidated');
    },
  },
  {
    name: 'elb_upstream_breaker_state',
    tell: ({ breaker }, sample) => {
      if (breaker !== null) sample(1, breaker.state);
    },
  },
  {
    name: 'elb_server_state',
    tell: ({ servers }, sample) => {
      for (const { addr, state } of servers) sample(1, addr, state);
    },
  },
  ofServer('elb_server_used', ({ used }) => (used ? 1 : 0)),
  ofServer('elb_server_requests_in_flight', (server) => server.in_flight),
  ofServer('elb_server_fails', ({ fails }) => fails),
  ofServer('elb_server_latency_seconds', (server) => (server.latency_ms === null ? null : server.latency_ms / 1000)),
  ofServer('elb_server_requests_total', ({ requests }) => requests),
  ofServer('elb_server_failures_total', ({ failures }) => failures),
  ofServer('elb_server_ejections_total', ({ ejections }) => ejections),
  ofServer('elb_server_connections_total', ({ connections }) => connections.made),
  {
    name: 'elb_server_connections',
    tell: ({ servers }, sample) => {
      for (const { addr, connections } of servers) {
        sample(connections.open - connections.idle, addr, 'busy');
        sample(connections.idle, addr, 'idle');
      }
    },
  },
];
