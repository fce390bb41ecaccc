import type { DeliveryPolicy } from '../core/delivery-policy.ts';

/** A reply that the graph gives by itself. Belongs to the graph, unless it was made for one request. */
export interface Answer {
  readonly status: number;
  /** Whole field lines, each ended by CRLF; those of date and framing are not among them. */
  readonly lines: string;
  /** Every character is one byte. */
  readonly body: string;
}

/**
 * What the graph decided and the exchange does: one record per client connection, reset for each request.
 */
export class Plan {
  /** Name of an upstream, or `host:port`, `http://host:port`, `https://host:port`; null when the plan is an answer. */
  upstream: string | null = null;
  /** A code of `Fault` that answers the request when there is no upstream; 0 with one. */
  fault = 0;
  /** What answers the request instead of a server or a fault. */
  answer: Answer | null = null;
  /** Path instead of the request's, in normal form, beginning with a slash; null keeps it. */
  path: string | null = null;
  /**
   * Fields to set on the forwarded request: name, value, name, value, ... The values replace every field of that name the
   * client sent; a name that occurs twice here is sent twice. Every character of a value is one byte. Lists belong to the
   * graph and are shared by requests: put another one here, never change one.
   */
  setFields: readonly string[] = NONE;
  /** Gets the name of each node that is walked; null where nobody wants to know. Not reset: its owner empties it. */
  trace: string[] | null = null;

  /** How the request is delivered, instead of the way of its upstream; null keeps that. Made when a document is compiled. */
  policy: DeliveryPolicy | null = null;

  reset(): void {
    this.upstream = null;
    this.fault = 0;
    this.answer = null;
    this.path = null;
    this.setFields = NONE;
    this.policy = null;
  }
}

const NONE: readonly string[] = [];
