import type { OptionValues } from './options.ts';

/** What workers do about traces. Plain data: it travels between processes. */
export interface TraceSetup {
  /** Share of the traces that begin here, or whose sender is not believed, that is kept. */
  readonly sample: number;
  /** What servers are told beside what the request has come with. */
  readonly w3c: boolean;
  readonly b3: boolean;
}

/** Where spans are sent. */
export interface TraceReceivers {
  /** URLs: of OTLP over HTTP, with JSON, and of Zipkin, version 2; null: none. */
  readonly otlp: string | null;
  readonly zipkin: string | null;
}

/** Null where nobody wants to be told of traces. */
export function traceSetup({
  traceOtlp,
  traceZipkin,
  traceSample,
  tracePropagate,
}: Pick<OptionValues, 'traceOtlp' | 'traceZipkin' | 'traceSample' | 'tracePropagate'>): TraceSetup | null {
  if (traceOtlp === null && traceZipkin === null) return null;
  const ways = tracePropagate ?? [];
  return { sample: traceSample ?? 0, w3c: ways.includes('w3c'), b3: ways.includes('b3') };
}
