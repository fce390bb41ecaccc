import type { Head } from '../http/head.ts';
import type { Observer } from '../stats/observer.ts';
import { RequestRecord } from '../stats/request-record.ts';
import type { Delivery } from './delivery.ts';

/**
 * An exchange's account of itself, for whoever counts and logs: begun with the head, closed once, whatever way the exchange
 * ends. There is none where nobody listens.
 */
export class Account {
  readonly record = new RequestRecord();
  readonly #observer: Observer;
  #startedMs = 0;
  #sentBefore = 0;
  #open = false;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** `sent`: bytes that the client's connection was sent before this request. */
  begin(head: Head, sent: number): void {
    this.record.reset();
    this.record.method = head.method();
    this.record.receivedBytes = head.end - head.start;
    this.#startedMs = performance.now();
    this.#sentBefore = sent;
    this.#open = true;
  }

  /** Bytes of the body arrived, framing included. */
  received(bytes: number): void {
    this.record.receivedBytes += bytes;
  }

  /** `sent`: as in `begin`, with the whole reply; `fault`: why it ended so, 0 where all went well. */
  close(status: number, fault: number, sent: number, delivery: Delivery): void {
    if (!this.#open) return;
    this.#open = false;
    const { record } = this;
    record.status = status;
    record.fault = fault;
    record.durationMs = performance.now() - this.#startedMs;
    record.serverMs = delivery.costMs;
    record.tries = delivery.tries;
    record.sentBytes = sent - this.#sentBefore;
    this.#observer.ended(record);
  }
}
