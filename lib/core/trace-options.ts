import { Refusal, share, type OptionKind } from './option-kinds.ts';
import { row } from './option.ts';

/** Where HTTP is spoken: `http://127.0.0.1:4318/v1/traces`. */
const httpUrl: OptionKind<string> = {
  placeholder: 'URL',
  list: false,
  parse: (value) =>
    /^https?:\/\/[^\s/]+/.test(value) && URL.canParse(value) ? value : new Refusal('a URL with http:// or https://'),
};

const propagation: OptionKind<readonly string[]> = {
  placeholder: 'NAME',
  list: true,
  parse(value) {
    const names = value.split(',').map((name) => name.trim());
    return names.every((name) => name === 'w3c' || name === 'b3') ? names : new Refusal('w3c, b3 or both');
  },
};

export const TRACE_OPTIONS = {
  traceOtlp: row(
    'Observing',
    'trace-otlp',
    ['ELB_TRACE_OTLP'],
    httpUrl,
    null,
    'send traces to this receiver of OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; unset: none',
  ),
  traceZipkin: row(
    'Observing',
    'trace-zipkin',
    ['ELB_TRACE_ZIPKIN'],
    httpUrl,
    null,
    'send traces to this Zipkin, such as `http://127.0.0.1:9411/api/v2/spans`; unset: none',
  ),
  traceSample: row(
    'Observing',
    'trace-sample',
    ['ELB_TRACE_SAMPLE'],
    share,
    '1',
    'share of the traces that is sent; of those that come from a trusted proxy, it decides',
  ),
  tracePropagate: row(
    'Observing',
    'trace-propagate',
    ['ELB_TRACE_PROPAGATE'],
    propagation,
    'w3c',
    'how servers are told of a trace, beside the way it has come: `w3c` (traceparent), `b3`',
  ),
} as const;
