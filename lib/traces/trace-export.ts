import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Log } from '../core/log.ts';
import type { TraceReceivers } from '../core/trace-setup.ts';
import type { TracedRequest } from '../stats/traced-request.ts';
import { spansOf } from './spans.ts';

export interface TraceExportOptions {
  readonly receivers: TraceReceivers;
  /** Name of the instance, which is that of the service. */
  readonly name: string;
  readonly version: string;
  readonly log: Log;
}

/** What has become of spans, by receiver. */
export interface SpanCounts {
  sent: number;
  failed: number;
  /** There were too many. */
  dropped: number;
}

/**
 * Sends what workers tell of traces to its receivers, in the primary, one batch after the other. A receiver that is away or slow costs nobody
 * but itself: what finds no room in its queue is counted and lost.
 */
export class TraceExport {
  readonly #options: TraceExportOptions;
  readonly #resource: Resource;
  readonly #lines: readonly Line[];

  private constructor(options: TraceExportOptions, lines: readonly Line[]) {
    const { name, version } = options;
    this.#options = options;
    this.#resource = resourceFromAttributes({ 'service.name': name, 'service.version': version });
    this.#lines = lines;
  }

  /** Null where there is no receiver. The libraries are loaded only where there is one. */
  static async create(options: TraceExportOptions): Promise<TraceExport | null> {
    const { otlp, zipkin } = options.receivers;
    const lines: Line[] = [];
    if (otlp !== null) {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      lines.push(new Line('otlp', new OTLPTraceExporter({ url: otlp, timeoutMillis: SEND_MS }), options.log));
    }
    if (zipkin !== null) {
      const { ZipkinExporter } = await import('@opentelemetry/exporter-zipkin');
      lines.push(new Line('zipkin', new ZipkinExporter({ url: zipkin, serviceName: options.name }), options.log));
    }
    return lines.length === 0 ? null : new TraceExport(options, lines);
  }

  took(requests: readonly TracedRequest[], dropped: number): void {
    for (const line of this.#lines) line.counts.dropped += dropped;
    for (const request of requests) {
      const spans = spansOf(request, this.#resource, this.#options.version);
      for (const line of this.#lines) line.put(spans);
    }
    for (const line of this.#lines) line.send();
  }

  *counts(): Generator<readonly [receiver: string, counts: Readonly<SpanCounts>]> {
    for (const { name, counts } of this.#lines) yield [name, counts];
  }

  /** Sends what is left, for a moment; resolves in any case. */
  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.stop()));
  }
}

/** The way to one receiver. */
class Line {
  readonly name: string;
  readonly counts: SpanCounts = { sent: 0, failed: 0, dropped: 0 };
  readonly #exporter: SpanExporter;
  readonly #log: Log;
  #waiting: ReadableSpan[] = [];
  #isSending = false;
  #isBroken = false;
  #idle = Promise.withResolvers<void>();

  constructor(name: string, exporter: SpanExporter, log: Log) {
    this.name = name;
    this.#exporter = exporter;
    this.#log = log;
  }

  put(spans: readonly ReadableSpan[]): void {
    if (this.#waiting.length + spans.length <= MOST_WAITING) this.#waiting.push(...spans);
    else this.counts.dropped += spans.length;
  }

  send(): void {
    if (this.#isSending) return;
    if (this.#waiting.length === 0) {
      this.#idle.resolve();
      return;
    }
    this.#isSending = true;
    const batch = this.#waiting.splice(0, MOST_AT_ONCE);
    this.#exporter.export(batch, ({ code, error }) => {
      this.#isSending = false;
      if (code === SUCCESS) this.counts.sent += batch.length;
      else this.counts.failed += batch.length;
      this.#tell(code === SUCCESS ? null : (error ?? new Error('not taken')));
      // In a later turn: an exporter may answer at once.
      setImmediate(() => this.send());
    });
  }

  async stop(): Promise<void> {
    this.#idle = Promise.withResolvers();
    this.send();
    const bound = setTimeout(() => this.#idle.resolve(), STOP_MS);
    await this.#idle.promise;
    clearTimeout(bound);
    await this.#exporter.shutdown().catch(() => undefined);
  }

  /** What fails is said once, not once a batch. */
  #tell(error: Error | null): void {
    if (error !== null && !this.#isBroken) this.#log.warn({ err: error, receiver: this.name }, 'traces cannot be sent');
    this.#isBroken = error !== null;
  }
}

/** `ExportResultCode.SUCCESS` of @opentelemetry/core. */
const SUCCESS = 0;
const MOST_AT_ONCE = 512;
const MOST_WAITING = 16_384;
const SEND_MS = 10_000;
/** How long an end waits for what is left. */
const STOP_MS = 2000;
