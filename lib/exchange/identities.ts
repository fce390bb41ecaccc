import type { TraceSetup } from '../core/trace-setup.ts';
import type { Head } from '../http/head.ts';
import { readB3, readB3Fields, readTraceparent, traceparent, type TraceParent } from '../http/trace-context.ts';
import type { RequestRecord } from '../stats/request-record.ts';
import { newId, requestId } from './request-id.ts';

/** How requests are told apart by programs that have to do with them. */
export interface IdentityOptions {
  /** Whether servers are sent `X-Request-Id`. */
  readonly requestIds: boolean;
  /** Null: nothing is traced. */
  readonly tracing: TraceSetup | null;
}

/** Fields that tell a server what a request is known by, instead of what the client says. */
export interface Identity {
  /** Name, value, name, value, ... */
  readonly set: readonly string[];
  /** Names of the client's fields that mean nothing any more, in lower case. */
  readonly drop: readonly string[];
}

/** In a head, stands for the span of whichever try sends it. No message can have these bytes. */
export const TRY_SPAN = '\u0001span\u0001';

/** Gives requests their identity: by `X-Request-Id`, and by their place in a trace, which is passed on or begun. */
export class Identities {
  readonly tracing: TraceSetup | null;
  readonly #requestIds: boolean;

  constructor({ requestIds, tracing }: IdentityOptions) {
    this.#requestIds = requestIds;
    this.tracing = tracing;
  }

  /** `record`: where it is written down; null: nowhere. */
  of(head: Head, isTrusted: boolean, record: RequestRecord | null): Identity {
    const set: string[] = [];
    if (this.#requestIds) {
      const id = requestId(head, isTrusted);
      set.push('X-Request-Id', id);
      if (record !== null) record.id = id;
    }
    return this.tracing === null ? { set, drop: NONE } : this.#traced(this.tracing, head, isTrusted, record, set);
  }

  #traced(options: TraceSetup, head: Head, isTrusted: boolean, record: RequestRecord | null, set: string[]): Identity {
    const w3c = readOne(head, 'traceparent', readTraceparent);
    const single = readOne(head, 'b3', readB3);
    const fields = readB3Fields((name) => head.get(name));
    const parent = w3c ?? single ?? fields;
    const hasTrace = parent !== null && parent.traceId !== '';
    const traceId = hasTrace ? parent.traceId : newId();
    const sampled = decide(parent, isTrusted, traceId, options.sample);
    if (record !== null) {
      const parentId = hasTrace ? parent.spanId : '';
      record.trace = { traceId, spanId: newSpanId(), parentId, sampled };
    }
    if (options.w3c || w3c !== null) set.push('traceparent', traceparent(traceId, TRY_SPAN, sampled));
    if (fields !== null && w3c === null && single === null) {
      set.push('X-B3-TraceId', traceId, 'X-B3-SpanId', TRY_SPAN, 'X-B3-Sampled', sampled ? '1' : '0');
    } else if (options.b3 || single !== null) set.push('b3', `${traceId}-${TRY_SPAN}-${sampled ? '1' : '0'}`);
    // What a vendor has said of a trace means nothing in another one.
    return { set, drop: w3c === null ? FOREIGN : FOREIGN_B3 };
  }
}

/** 64 random bits in hex. */
export function newSpanId(): string {
  return newId().slice(0, SPAN_DIGITS);
}

/** Whoever is believed decides; else it is by the trace's id, so that all instances decide alike. */
function decide(parent: TraceParent | null, isTrusted: boolean, traceId: string, sample: number): boolean {
  if (parent !== null && parent.sampled !== null && isTrusted) return parent.sampled;
  return Number.parseInt(traceId.slice(-LOT_DIGITS), 16) < sample * 16 ** LOT_DIGITS;
}

function readOne<Value>(head: Head, name: string, read: (value: string) => Value | null): Value | null {
  const value = head.get(name);
  return value === null ? null : read(value);
}

const NONE: readonly string[] = [];
const SPAN_DIGITS = 16;
/** 52 bits. */
const LOT_DIGITS = 13;
const FOREIGN_B3 = ['x-b3-parentspanid', 'x-b3-flags', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'b3'];
const FOREIGN = ['traceparent', 'tracestate', ...FOREIGN_B3];
