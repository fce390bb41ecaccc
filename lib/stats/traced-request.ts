import { endingOf } from './endings.ts';
import { Outbox } from './outbox.ts';
import type { RequestRecord } from './request-record.ts';

/** A request's place in its trace, for as long as it goes on. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the trace begins here. */
  readonly parentId: string;
  /** Whether it is to be told. */
  readonly sampled: boolean;
}

/** A request that has ended and is to be told as spans: itself, and one for each server that was tried. Plain data. */
export interface TracedRequest {
  readonly span: TraceSpan;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly isSecure: boolean;
  readonly client: string;
  readonly domain: string;
  /** Names of the nodes that were walked. */
  readonly nodes: readonly string[];
  readonly upstream: string;
  readonly status: number;
  readonly ending: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly tries: readonly {
    readonly spanId: string;
    readonly address: string;
    readonly startedAt: number;
    readonly ms: number;
    /** Of the reply; 0: there was none. */
    readonly status: number;
    readonly ending: string;
  }[];
}

/** Gathers what a worker has to tell of traces until the primary asks. What finds no room is counted and lost. */
export class Traces {
  readonly told = new Outbox<TracedRequest>();
  #dropped = 0;

  ended(record: RequestRecord): void {
    const { trace: span } = record;
    if (span === null || !span.sampled) return;
    if (this.told.size < MOST) this.told.add(tracedRequest(record, span));
    else this.#dropped++;
  }

  /** How many found no room since the last time. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

function tracedRequest(record: RequestRecord, span: TraceSpan): TracedRequest {
  const { method, host, client, domain, upstream, status, fault, durationMs, receivedBytes, sentBytes } = record;
  const origin = performance.timeOrigin;
  return {
    span,
    startedAt: origin + record.startedMs,
    durationMs,
    method,
    host,
    target: record.target.slice(0, MOST_TARGET),
    isSecure: record.isSecure,
    client,
    domain,
    nodes: record.nodes.map(({ name }) => name),
    upstream,
    status,
    ending: endingOf(fault),
    receivedBytes,
    sentBytes,
    tries: record.servers.map(({ spanId, address, startedMs, ms, outcome }) => ({
      spanId: spanId ?? '',
      address,
      startedAt: origin + startedMs,
      ms,
      status: Math.max(0, outcome),
      ending: endingOf(Math.min(0, outcome)),
    })),
  };
}

/** Between two reports. */
const MOST = 4096;
const MOST_TARGET = 2048;
