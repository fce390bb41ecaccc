import type { ListenerView } from '../core/listener.ts';
import type { Collector } from './collector.ts';
import { DOMAIN_METRICS } from './domain-block.ts';
import { Exposition, type Format } from './exposition.ts';
import type { Measured, UpstreamLines } from './upstream-lines.ts';

/** What the control plane knows and the workers do not. */
export interface InstanceFacts {
  readonly version: string;
  /** Unix time in seconds. */
  readonly startedAt: number;
  readonly domains: number;
  readonly upstreams: number;
  readonly revision: number;
  /** Revisions that are known and not served yet. */
  readonly lag: number;
  readonly connected: boolean;
  readonly rejected: number;
  readonly overlays: number;
  /** What has become of spans, by receiver. */
  readonly spans: Iterable<readonly [string, Readonly<Record<'sent' | 'failed' | 'dropped', number>>]>;
  /** Names of certificates, and when they run out, in seconds since the epoch. */
  readonly expiries: readonly (readonly [name: string, seconds: number])[];
  readonly listeners: readonly ListenerView[];
}

/** What is told. */
export interface Told {
  readonly collector: Collector;
  readonly upstreams: Measured;
  readonly facts: InstanceFacts;
}

/**
 * All metrics as text, in parts, each of which is good until the next step. A step takes some ten microseconds, and most give nothing yet:
 * between two of them other things can be done. `lines`: what is remembered of upstreams from page to page.
 */
export function* exposePrometheus(told: Told, lines: UpstreamLines, format: Format): Generator<Buffer | null> {
  const { collector, upstreams, facts } = told;
  const out = new Exposition(format);
  tellInstance(out, facts);
  tellListeners(out, facts);
  tellWorkers(out, collector);
  tellTotals(out, collector);
  yield* tellTls(out, collector, facts);
  tellTraces(out, facts);
  yield* lines.tell(out, upstreams);
  yield* tellDomains(out, collector);
  yield out.end();
}

function tellInstance(out: Exposition, facts: InstanceFacts): void {
  out.family('elb_build_info');
  out.sample(1, facts.version, process.version);
  out.family('elb_start_time_seconds');
  out.sample(facts.startedAt);
  out.family('elb_domains');
  out.sample(facts.domains);
  out.family('elb_upstreams');
  out.sample(facts.upstreams);
  out.family('elb_config_revision');
  out.sample(facts.revision);
  out.family('elb_config_lag');
  out.sample(facts.lag);
  out.family('elb_config_connected');
  out.sample(facts.connected ? 1 : 0);
  out.family('elb_config_rejected');
  out.sample(facts.rejected);
  out.family('elb_config_overlays');
  out.sample(facts.overlays);
}

function tellTraces(out: Exposition, { spans }: InstanceFacts): void {
  out.family('elb_trace_spans_total');
  for (const [receiver, counts] of spans) {
    for (const [result, count] of Object.entries(counts)) out.sample(count, receiver, result);
  }
}

function tellWorkers(out: Exposition, collector: Collector): void {
  const { workers } = collector;
  out.family('elb_workers');
  out.sample(workers.length);
  out.family('elb_client_connections');
  out.sample(workers.reduce((sum, { clients }) => sum + clients, 0));
  out.family('elb_client_connections_total');
  out.sample(collector.newClients);
  tellLoad(out, collector);
  out.family('elb_statsd_lost_times_total');
  out.sample(collector.lostTimes);
  out.family('elb_access_log_dropped_total');
  out.sample(collector.droppedLines);
  out.family('elb_memory_bytes');
  for (const { pid, rssBytes, heapBytes } of collector.usages()) {
    out.sample(rssBytes, String(pid), 'rss');
    out.sample(heapBytes, String(pid), 'heap');
  }
  out.family('elb_cpu_seconds_total');
  for (const [pid, seconds] of collector.cpuSeconds) out.sample(seconds, String(pid));
}

function tellLoad(out: Exposition, { workers, shed }: Collector): void {
  const loads = workers.map(({ load }) => load);
  out.family('elb_overloaded_workers');
  out.sample(loads.filter(({ overloaded }) => overloaded).length);
  out.family('elb_waiting_requests');
  out.sample(loads.reduce((sum, { waiting }) => sum + waiting, 0));
  out.family('elb_shed_requests_total');
  out.sample(shed);
  out.family('elb_event_loop_delay_seconds');
  out.sample(Math.max(0, ...loads.map(({ delayMs }) => delayMs)) / 1000, 'mean');
  out.sample(Math.max(0, ...loads.map(({ worstMs }) => worstMs)) / 1000, 'worst');
}

function tellTotals(out: Exposition, { totals }: Collector): void {
  out.family('elb_request_duration_seconds');
  out.histogram(totals.durationUs, SECONDS_PER_US);
  out.family('elb_server_duration_seconds');
  out.histogram(totals.serverUs, SECONDS_PER_US);
  out.family('elb_request_size_bytes');
  out.histogram(totals.receivedBytes, 1);
  out.family('elb_response_size_bytes');
  out.histogram(totals.sentBytes, 1);
}

function tellListeners(out: Exposition, { listeners }: InstanceFacts): void {
  out.family('elb_listener_up');
  for (const { address, state } of listeners) out.sample(state === 'listening' ? 1 : 0, address);
}

function* tellTls(out: Exposition, { greetings }: Collector, { expiries }: InstanceFacts): Generator<Buffer | null> {
  out.family('elb_greetings_total');
  for (const [end, count] of greetings) out.sample(count, end);
  out.family('elb_certificate_expiry_seconds');
  for (const [name, seconds] of expiries) {
    out.sample(seconds, name);
    yield out.part();
  }
}

function* tellDomains(out: Exposition, { totals }: Collector): Generator<Buffer | null> {
  // A list is gone through without garbage.
  const blocks = [...totals.blocks];
  for (const [place, name] of DOMAIN_METRICS.entries()) {
    out.family(name);
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i];
      if (block === undefined) continue;
      // To write it takes as long as to copy a hundred others.
      const isWritten = block.isStale;
      out.lines(block.lines, place);
      const part = out.part();
      if (isWritten || part !== null) yield part;
    }
  }
}

const SECONDS_PER_US = 1e-6;
