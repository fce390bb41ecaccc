import { faultOf } from '../core/faults.ts';
import type { Meter } from './meter.ts';
import { RequestRecord } from './request-record.ts';
import type { Tally } from './tally.ts';

/** Everybody who is told of a request's end in a worker. Where nobody is, exchanges keep no record. */
export class Observer {
  readonly #tally: Tally | null;
  readonly #meter: Meter | null;
  readonly #refusal = new RequestRecord();

  constructor({ tally, meter }: ObserverParts) {
    this.#tally = tally;
    this.#meter = meter;
  }

  ended(request: RequestRecord): void {
    // What is asked of ourselves is nobody's traffic.
    if (request.isAdmin) return;
    this.#tally?.count(request);
    // statsd knows only requests that were given to a server (spec 7).
    if (request.tries > 0) this.#meter?.exchange(request.host, request.status, Math.round(request.serverMs));
  }

  /** A head that could not be used was answered with `sentBytes`; 0 where it was left without an answer. */
  refused(fault: number, sentBytes: number): void {
    const record = this.#refusal;
    record.reset();
    record.status = faultOf(fault).status;
    record.fault = fault;
    record.sentBytes = sentBytes;
    this.ended(record);
  }
}

export interface ObserverParts {
  readonly tally: Tally | null;
  readonly meter: Meter | null;
}

/** Null where there is nobody to tell. */
export function observerOf(parts: ObserverParts): Observer | null {
  return parts.tally === null && parts.meter === null ? null : new Observer(parts);
}
