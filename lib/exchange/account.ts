import { monotonicMs } from '../core/clock.ts';
import type { Head } from '../http/head.ts';
import type { Observer } from '../stats/observer.ts';
import { RequestRecord } from '../stats/request-record.ts';
import type { Client } from './client.ts';
import type { Delivery } from './delivery.ts';
import type { TrustedClaims } from './forwarded.ts';

/**
 * An exchange's account of itself, for whoever counts and logs: begun with the head, closed once, whatever way the exchange
 * ends. There is none where nobody listens.
 */
export class Account {
  readonly record = new RequestRecord();
  readonly #observer: Observer;
  /** Bytes that the client's connection was sent before this request. */
  #sentBefore = 0;
  #open = false;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Where the nodes that are walked are wanted. */
  get trace(): RequestRecord['nodes'] | null {
    return this.#observer.capture?.nodes === true ? this.record.nodes : null;
  }

  begin(head: Head, client: Client): void {
    const { record } = this;
    record.reset();
    record.method = head.method();
    record.receivedBytes = head.end - head.start;
    record.startedMs = monotonicMs();
    this.#sentBefore = client.connection.written;
    this.#open = true;
    const { capture } = this.#observer;
    if (capture === null) return;
    record.target = head.target();
    record.major = client.connection.stream === null ? 1 : 2;
    record.minor = client.connection.stream === null ? head.minor : 0;
    record.isSecure = client.tls !== null;
    record.isPlain = head.isPlain;
    record.peer = client.address;
    record.client = client.address;
    const { fields } = capture;
    for (let i = 0; i < fields.length; i++) record.fields[i] = head.get(fields[i] ?? '') ?? '';
  }

  /** The client is a proxy that is trusted, and says whom it speaks for. */
  speaksFor({ clientAddress, isSecure }: TrustedClaims): void {
    this.record.client = clientAddress;
    this.record.isSecure = isSecure;
  }

  /** Bytes of the body arrived, framing included. */
  received(bytes: number): void {
    this.record.receivedBytes += bytes;
  }

  /** `reply`: our own, which is yet to be written; empty where a server's was passed on. `fault`: why it ended so, or 0. */
  close(status: number, fault: number, reply: string, client: Client | null, delivery: Delivery): void {
    if (!this.#open) return;
    this.#open = false;
    const { record } = this;
    record.status = status;
    record.fault = fault;
    record.durationMs = monotonicMs() - record.startedMs;
    record.sentBytes = (client?.connection.written ?? this.#sentBefore) + reply.length - this.#sentBefore;
    delivery.describe(record);
    if (reply !== '') record.headBytes = reply.indexOf('\r\n\r\n') + 4;
    this.#observer.ended(record);
  }
}
