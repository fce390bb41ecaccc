import type { Exposition } from './exposition.ts';
import type { MetricName } from './catalogue.ts';

/** An upstream at work, as far as it is told as metrics. */
export interface MeasuredUpstream {
  readonly waiting: number;
  readonly retries: number;
  readonly hedges: number;
  readonly budget_exhausted: number;
  readonly refused: { readonly full: number; readonly open: number };
  readonly compressed: { readonly replies: number; readonly bytes_in: number; readonly bytes_out: number };
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly bypasses: number;
    readonly bytes: number;
  };
  readonly breaker: { readonly state: string } | null;
  readonly opened: number;
  readonly servers: readonly MeasuredServer[];
}

export interface MeasuredServer {
  readonly addr: string;
  readonly state: string;
  readonly used: boolean;
  readonly in_flight: number;
  readonly fails: number;
  readonly latency_ms: number | null;
  readonly connections: { readonly open: number; readonly idle: number; readonly made: number };
  readonly requests: number;
  readonly failures: number;
  readonly ejections: number;
}

export type Measured = readonly (readonly [upstream: string, work: MeasuredUpstream])[];

/** Upstreams and their servers, in parts. */
export function* tellServers(out: Exposition, upstreams: Measured): Generator<string> {
  for (const [name, value] of UPSTREAM_VALUES) {
    out.family(name);
    for (const [upstream, work] of upstreams) out.sample(value(work), upstream);
    yield* out.parts();
  }
  out.family('elb_upstream_refused_requests_total');
  for (const [upstream, { refused }] of upstreams) {
    out.sample(refused.full, upstream, 'full');
    out.sample(refused.open, upstream, 'breaker');
  }
  out.family('elb_upstream_compression_bytes_total');
  for (const [upstream, { compressed }] of upstreams) {
    if (compressed.replies === 0) continue;
    out.sample(compressed.bytes_in, upstream, 'before');
    out.sample(compressed.bytes_out, upstream, 'after');
  }
  out.family('elb_upstream_cache_requests_total');
  for (const [upstream, { cache }] of upstreams) {
    if (cache.hits + cache.misses + cache.bypasses === 0) continue;
    out.sample(cache.hits, upstream, 'hit');
    out.sample(cache.misses, upstream, 'miss');
    out.sample(cache.bypasses, upstream, 'bypass');
  }
  out.family('elb_upstream_breaker_state');
  for (const [upstream, { breaker }] of upstreams) if (breaker !== null) out.sample(1, upstream, breaker.state);
  out.family('elb_server_state');
  for (const [upstream, { servers }] of upstreams) {
    for (const { addr, state } of servers) out.sample(1, upstream, addr, state);
    yield* out.parts();
  }
  for (const [name, value] of SERVER_VALUES) {
    out.family(name);
    for (const [upstream, { servers }] of upstreams) {
      for (const server of servers) {
        const number = value(server);
        if (number !== null) out.sample(number, upstream, server.addr);
      }
      yield* out.parts();
    }
  }
  out.family('elb_server_connections');
  for (const [upstream, { servers }] of upstreams) {
    for (const { addr, connections } of servers) {
      out.sample(connections.open - connections.idle, upstream, addr, 'busy');
      out.sample(connections.idle, upstream, addr, 'idle');
    }
    yield* out.parts();
  }
}

const UPSTREAM_VALUES: readonly (readonly [MetricName, (work: MeasuredUpstream) => number])[] = [
  ['elb_upstream_waiting_requests', ({ waiting }) => waiting],
  ['elb_upstream_retries_total', ({ retries }) => retries],
  ['elb_upstream_hedges_total', ({ hedges }) => hedges],
  ['elb_upstream_retry_budget_exhausted_total', (work) => work.budget_exhausted],
  ['elb_upstream_compressed_replies_total', ({ compressed }) => compressed.replies],
  ['elb_upstream_cache_bytes', ({ cache }) => cache.bytes],
  ['elb_upstream_breaker_openings_total', ({ opened }) => opened],
];

/** Null: it is not known. */
const SERVER_VALUES: readonly (readonly [MetricName, (server: MeasuredServer) => number | null])[] = [
  ['elb_server_used', ({ used }) => (used ? 1 : 0)],
  ['elb_server_requests_in_flight', (server) => server.in_flight],
  ['elb_server_fails', ({ fails }) => fails],
  ['elb_server_latency_seconds', (server) => (server.latency_ms === null ? null : server.latency_ms / 1000)],
  ['elb_server_requests_total', ({ requests }) => requests],
  ['elb_server_failures_total', ({ failures }) => failures],
  ['elb_server_ejections_total', ({ ejections }) => ejections],
  ['elb_server_connections_total', ({ connections }) => connections.made],
];
