import { faultOf } from '../core/faults.ts';
import type { AccessLog } from './access-log.ts';
import type { Meter } from './meter.ts';
import type { RecentRequests } from './recent-requests.ts';
import { type Capture, RequestRecord } from './request-record.ts';
import type { Tally } from './tally.ts';
import type { Traces } from './traced-request.ts';

/** Everybody who is told of a request's end in a worker. Where nobody is, exchanges keep no record. */
export class Observer {
  /** Texts that are wanted of every request; null where none is. */
  readonly capture: Capture | null;
  readonly #log: AccessLog | null;
  readonly #tally: Tally | null;
  readonly #meter: Meter | null;
  readonly #recent: RecentRequests | null;
  readonly #traces: Traces | null;
  readonly #refusal = new RequestRecord();

  constructor({ log, tally, meter, recent, traces }: ObserverParts) {
    // What is remembered of single requests, and told of traces, is all but their fields.
    const fields = log?.fields ?? [];
    this.capture = recent === null && traces === null ? log : { fields, nodes: true, servers: true };
    this.#traces = traces;
    this.#recent = recent;
    this.#log = log;
    this.#tally = tally;
    this.#meter = meter;
  }

  ended(request: RequestRecord): void {
    this.#log?.write(request);
    // What is asked of ourselves is nobody's traffic.
    if (request.isAdmin) return;
    this.#tally?.count(request);
    this.#recent?.keep(request);
    this.#traces?.ended(request);
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
  readonly log: AccessLog | null;
  readonly tally: Tally | null;
  readonly meter: Meter | null;
  readonly recent: RecentRequests | null;
  readonly traces: Traces | null;
}

/** Null where there is nobody to tell. */
export function observerOf(parts: ObserverParts): Observer | null {
  return Object.values(parts).every((part) => part === null) ? null : new Observer(parts);
}
