import type { TlsFacts } from '../core/tls-facts.ts';
import { Deadline, type Wheel } from '../core/wheel.ts';
import type { Endpoints } from '../net/endpoints.ts';
import type { BranchBounds, BranchReply } from '../routing/rule.ts';
import type { Client } from './client.ts';
import type { ClientUser } from './client-user.ts';
import { Collector } from './collector.ts';

/** On whose behalf a request of our own is made. */
export interface Principal {
  readonly address: string;
  readonly trusted: boolean;
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
}

/**
 * Who asks where ELB asks for itself: a part of an answer, or a copy of a request. It has no connection and takes everything at once; its
 * reply is told, once, when the exchange is over.
 */
export class InnerClient implements Client {
  readonly isGrpc = false;
  readonly connection: Collector;
  readonly address: string;
  readonly trusted: boolean;
  readonly forwarded: string | null;
  readonly tls: TlsFacts | null;
  /** For the exchange: nobody here is ever awaited. */
  readonly deadline: Deadline;
  readonly ended = false;
  readonly refusal = 0;
  readonly #bound: Deadline;
  readonly #told: (reply: BranchReply) => void;
  #user: ClientUser | null = null;

  constructor(
    wheel: Wheel,
    principal: Principal,
    { timeoutMs, maxBytes }: BranchBounds,
    told: (reply: BranchReply) => void,
  ) {
    this.connection = new Collector(maxBytes, () => this.#stop());
    this.address = principal.address;
    this.trusted = principal.trusted;
    this.forwarded = principal.forwarded;
    this.tls = principal.tls;
    this.#told = told;
    this.deadline = new Deadline(wheel, { onDeadline: () => undefined });
    this.#bound = new Deadline(wheel, { onDeadline: () => this.#stop() });
    this.#bound.set(timeoutMs);
  }

  /** The exchange that serves it. */
  servedBy(user: ClientUser): void {
    this.#user = user;
  }

  endpoints(): Endpoints | null {
    return null;
  }

  next(): void {
    this.#end(replyOf(this.connection));
  }

  cut(): void {
    this.#end(NO_REPLY);
  }

  refuse(reply: string): void {
    this.connection.writeText(reply);
    this.#end(replyOf(this.connection));
  }

  drain(): void {}
  handOver(): void {}

  /** It has waited long enough, or has got more than it can keep. */
  #stop(): void {
    const user = this.#user;
    this.#end(NO_REPLY);
    user?.onClientGone();
  }

  #end(reply: BranchReply): void {
    if (this.#user === null) return;
    this.#user = null;
    this.#bound.dispose();
    this.deadline.dispose();
    this.#told(reply);
  }
}

/** The reply that was collected. As to a client of HTTP/1.0, its body is not framed but by its end. */
function replyOf(collector: Collector): BranchReply {
  const bytes = collector.bytes();
  const end = bytes.indexOf('\r\n\r\n');
  const status = Number(bytes.latin1Slice(9, 12));
  return collector.overflown || end === -1 ? NO_REPLY : { status, body: bytes.subarray(end + 4) };
}

const NO_REPLY: BranchReply = { status: 0, body: Buffer.alloc(0) };
