import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Attributes,
  type HrTime,
  type SpanContext,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { TracedRequest } from '../stats/traced-request.ts';

/**
 * A request as spans of OpenTelemetry: one for itself and below it one for each server that was tried. Attributes are those of its
 * semantic conventions for HTTP (opentelemetry.io/docs/specs/semconv/http/http-spans), and `elb.*` for what only we know.
 */
export function spansOf(request: TracedRequest, resource: Resource, version: string): readonly ReadableSpan[] {
  const { span, startedAt, durationMs, method, host, status, ending, domain, upstream, client } = request;
  const [path, query] = request.target.split('?', 2);
  const common = { resource, scope: { name: 'elb', version }, traceId: span.traceId };
  const own = spanOf({
    ...common,
    name: domain === '' ? method : `${method} ${domain}`,
    kind: SpanKind.SERVER,
    spanId: span.spanId,
    parentId: span.parentId,
    startedAt,
    ms: durationMs,
    // A client's own mistake is no error of a server (semantic conventions, status).
    isError: status >= 500 || (ending !== 'ok' && status === 0),
    attributes: {
      'http.request.method': method,
      'url.path': path ?? '',
      ...(query !== undefined && { 'url.query': query }),
      'url.scheme': request.isSecure ? 'https' : 'http',
      'server.address': host,
      'client.address': client,
      'http.response.status_code': status,
      'http.request.size': request.receivedBytes,
      'http.response.size': request.sentBytes,
      'elb.domain': domain,
      'elb.nodes': [...request.nodes],
      'elb.upstream': upstream,
      'elb.ending': ending,
      ...(ending !== 'ok' && { 'error.type': ending }),
    },
  });
  const tries = request.tries.map((one, i) =>
    spanOf({
      ...common,
      name: upstream === '' ? method : `${method} ${upstream}`,
      kind: SpanKind.CLIENT,
      spanId: one.spanId,
      parentId: span.spanId,
      startedAt: one.startedAt,
      ms: one.ms,
      isError: one.status >= 400 || one.ending !== 'ok',
      attributes: {
        'http.request.method': method,
        'network.peer.address': one.address,
        ...addressOf(one.address),
        'elb.upstream': upstream,
        ...(one.status > 0 && { 'http.response.status_code': one.status }),
        ...(i > 0 && { 'http.request.resend_count': i }),
        ...(one.ending !== 'ok' && { 'error.type': one.ending }),
      },
    }),
  );
  return [own, ...tries.filter((_, i) => request.tries[i]?.spanId !== '')];
}

interface Parts {
  readonly resource: Resource;
  readonly scope: { readonly name: string; readonly version: string };
  readonly traceId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanId: string;
  readonly parentId: string;
  readonly startedAt: number;
  readonly ms: number;
  readonly isError: boolean;
  readonly attributes: Attributes;
}

function spanOf({ resource, scope, traceId, spanId, parentId, startedAt, ms, isError, ...parts }: Parts): ReadableSpan {
  const contextOf = (id: string): SpanContext => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  return {
    ...parts,
    spanContext: () => contextOf(spanId),
    ...(parentId !== '' && { parentSpanContext: contextOf(parentId) }),
    startTime: hrTime(startedAt),
    endTime: hrTime(startedAt + ms),
    duration: hrTime(ms),
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function addressOf(address: string): Attributes {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return host === undefined ? {} : { 'server.address': host, 'server.port': Number(port) };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
