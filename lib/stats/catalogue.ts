/**
 * Every metric, once. The exposition, docs/observability.md and the dashboard are made from this table, and a metric that is not
 * in it cannot be told. Names and units follow the naming rules of Prometheus (prometheus.io/docs/practices/naming).
 */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Names of its labels, in the order in which samples give their values. */
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds of its buckets, in the metric's unit. */
  readonly bounds?: readonly number[];
}

const counter = (help: string, ...labels: string[]): MetricRow => ({ type: 'counter', help, labels });
const gauge = (help: string, ...labels: string[]): MetricRow => ({ type: 'gauge', help, labels });
const histogram = (help: string, bounds: readonly number[]): MetricRow => ({
  type: 'histogram',
  help,
  labels: [],
  bounds,
});

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216, 268_435_456];

export const METRICS = {
  elb_build_info: gauge('Always 1; its labels say what runs.', 'version', 'node'),
  elb_start_time_seconds: gauge('Unix time at which this instance started.'),

  elb_requests_total: counter(
    'Requests that have ended. `domain` is empty for hosts that no domain has; `ending` is `ok` or why it ended otherwise.',
    'domain',
    'code',
    'method',
    'ending',
  ),
  elb_domain_request_seconds_total: counter('Time from head to end of reply, summed over the requests.', 'domain'),
  elb_domain_received_bytes_total: counter('Bytes of requests, heads included.', 'domain'),
  elb_domain_sent_bytes_total: counter('Bytes of replies, heads included.', 'domain'),
  elb_request_duration_seconds: histogram("From a request's head to the last byte of its reply.", SECONDS),
  elb_server_duration_seconds: histogram('What of it was spent on servers, all tries.', SECONDS),
  elb_request_size_bytes: histogram('Size of a request, head included.', BYTES),
  elb_response_size_bytes: histogram('Size of a reply, head included.', BYTES),

  elb_edge_hits_total: counter(
    'How often the walk took an edge of a node; both are empty for the step into the graph.',
    'domain',
    'node',
    'edge',
  ),

  elb_listener_up: gauge('Whether an address that is to be listened at is: 1 or 0.', 'address'),
  elb_client_connections: gauge('Connections of clients that are open, tunnels included.'),
  elb_client_connections_total: counter('Connections of clients that were accepted.'),
  elb_greetings_total: counter(
    'How TLS handshakes and PROXY headers of clients have ended: `full`, `resumed`, or why they failed.',
    'end',
  ),
  elb_certificate_expiry_seconds: gauge('Unix time at which a certificate runs out.', 'certificate'),
  elb_overloaded_workers: gauge('Workers that have more to do than they can.'),
  elb_waiting_requests: gauge('Requests that wait for their turn because a worker is overloaded.'),
  elb_shed_requests_total: counter('Requests that waited in vain for an overloaded worker and were answered 503.'),
  elb_event_loop_delay_seconds: gauge(
    "Lateness of the workers' event loops, the latest of them; `kind` is `mean` of the last moments or `worst` of the last minute.",
    'kind',
  ),
  elb_statsd_lost_times_total: counter('Times that statsd was not told because too many came between two sendings.'),
  elb_access_log_dropped_total: counter('Lines of the access log that were dropped because its file did not keep up.'),

  elb_upstream_waiting_requests: gauge(
    'Requests that wait until a server of the upstream has a place for them.',
    'upstream',
  ),
  elb_upstream_retries_total: counter('Requests that were sent once more.', 'upstream'),
  elb_upstream_hedges_total: counter('Requests that a second server was asked beside the first.', 'upstream'),
  elb_upstream_retry_budget_exhausted_total: counter(
    'Retries that were not made, because there were too many.',
    'upstream',
  ),
  elb_upstream_refused_requests_total: counter(
    'Requests that were answered 503: `reason` is `full`, or `breaker` while that is open.',
    'upstream',
    'reason',
  ),
  elb_upstream_compressed_replies_total: counter('Replies that were compressed on their way to clients.', 'upstream'),
  elb_upstream_compression_bytes_total: counter(
    'Bytes of their bodies; `side` is `before` or `after`.',
    'upstream',
    'side',
  ),
  elb_upstream_cache_requests_total: counter(
    'Requests at the cache of an upstream: `result` is `hit`, `miss`, `revalidated` where a server says that a stale reply still holds, or `bypass` where none could answer.',
    'upstream',
    'result',
  ),
  elb_upstream_cache_bytes: gauge('Memory that kept replies take, in all workers.', 'upstream'),
  elb_upstream_breaker_state: gauge(
    '1 for the state that the breaker is in: `closed`, `open`, `half-open`.',
    'upstream',
    'state',
  ),
  elb_upstream_breaker_openings_total: counter('How often the breaker has opened.', 'upstream'),

  elb_server_state: gauge(
    '1 for the state that the server is in: `up`, `down`, `ejected`, `draining`, `slow-start`.',
    'upstream',
    'server',
    'state',
  ),
  elb_server_used: gauge('1 while new requests may be given to the server, else 0.', 'upstream', 'server'),
  elb_server_requests_in_flight: gauge(
    'Requests that the server has and has not answered whole.',
    'upstream',
    'server',
  ),
  elb_server_fails: gauge('Failures of the server since it last worked.', 'upstream', 'server'),
  elb_server_latency_seconds: gauge('Until the head of a reply, a mean of late.', 'upstream', 'server'),
  elb_server_requests_total: counter(
    'Requests that were given to the server, retries counted again.',
    'upstream',
    'server',
  ),
  elb_server_failures_total: counter('Those of them that it has failed.', 'upstream', 'server'),
  elb_server_ejections_total: counter(
    'How often the server was put out: by checks, as an outlier, for `max_fails`.',
    'upstream',
    'server',
  ),
  elb_server_connections: gauge('Connections to the server; `kind` is `busy` or `idle`.', 'upstream', 'server', 'kind'),
  elb_server_connections_total: counter('Connections to the server that were begun.', 'upstream', 'server'),

  elb_trace_spans_total: counter(
    'Spans for a receiver of traces; `result` is `sent`, `failed` or `dropped` (there were too many).',
    'receiver',
    'result',
  ),

  elb_domains: gauge('Domains in force.'),
  elb_upstreams: gauge('Upstreams in force.'),
  elb_config_revision: gauge('Revision of the store that is in force; -1 before the first.'),
  elb_config_lag: gauge('Revisions of the store that are known and not in force in every worker yet.'),
  elb_config_connected: gauge('1 while the store is followed, else 0.'),
  elb_config_rejected: gauge('Keys of the store whose value cannot be used.'),
  elb_config_overlays: gauge('Keys that were changed here and not dumped.'),

  elb_workers: gauge('Workers that serve.'),
  elb_memory_bytes: gauge('Memory of a process; `kind` is `rss` or `heap`.', 'process', 'kind'),
  elb_cpu_seconds_total: counter('Time on the processor, user and system.', 'process'),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;
