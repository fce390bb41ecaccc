/** Where a request stands in a trace, as whoever has sent it says. */
export interface TraceParent {
  /** 32 digits in hex; the first half is zeros where it had only 16. */
  readonly traceId: string;
  /** 16 digits; empty where the sender has no span of its own. */
  readonly spanId: string;
  /** Whether its spans are to be kept; null: it does not say. */
  readonly sampled: boolean | null;
}

/**
 * Reads `traceparent` (W3C Trace Context, Level 2, 3.2); null where it is not one, or there are several. Of a later version what is known
 * of this one counts.
 */
export function readTraceparent(value: string): TraceParent | null {
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== '')) return null;
  if (isZero(traceId) || isZero(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function traceparent(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Reads the single `b3` field (openzipkin/b3-propagation); a mere decision has no trace id. */
export function readB3(value: string): TraceParent | null {
  if (/^[01d]$/.test(value)) return { traceId: '', spanId: '', sampled: value !== '0' };
  const [, traceId = '', spanId = '', sampled] = B3.exec(value) ?? [];
  if (traceId === '' || isZero(traceId) || isZero(spanId)) return null;
  return { traceId: traceId.padStart(32, '0'), spanId, sampled: sampled === undefined ? null : sampled !== '0' };
}

/** The same of several fields, `X-B3-TraceId` and so on. */
export function readB3Fields(field: (lowerName: string) => string | null): TraceParent | null {
  const flags = field('x-b3-flags') === '1';
  const said = field('x-b3-sampled');
  const sampled = flags || said === '1' || said === 'true' ? true : said === '0' || said === 'false' ? false : null;
  const traceId = field('x-b3-traceid') ?? '';
  const spanId = field('x-b3-spanid') ?? '';
  if (traceId === '') return sampled === null ? null : { traceId: '', spanId: '', sampled };
  if (!/^(?:[0-9a-f]{16}){1,2}$/.test(traceId) || !/^[0-9a-f]{16}$/.test(spanId)) return null;
  return isZero(traceId) || isZero(spanId) ? null : { traceId: traceId.padStart(32, '0'), spanId, sampled };
}

function isZero(hex: string): boolean {
  return /^0*$/.test(hex);
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})((?:-.*)?)$/;
const B3 = /^((?:[0-9a-f]{16}){1,2})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/;
const SAMPLED = 1;
