import type { TlsFacts } from '../core/tls-facts.ts';
import { Fault } from '../core/faults.ts';
import type { Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import type { Plan } from '../routing/plan.ts';
import type { BranchBounds, BranchReply, Node, RoutedRequest } from '../routing/rule.ts';

/** Where the body of a request comes from. */
export interface BodySource {
  /** See `RoutedRequest.body`. */
  gather(head: Head, maxBytes: number): Promise<Buffer | number>;
  /** See `RoutedRequest.branch`. */
  branch(request: RoutedHead, to: Node, plan: Plan, bounds: BranchBounds): Promise<BranchReply>;
}

/** A parsed head as the nodes of a graph see it: every value is read when it is asked for. */
export class RoutedHead implements RoutedRequest {
  head: Head;
  target: Target;
  plan: Plan;
  clientAddress = '';
  peerAddress = '';
  tls: TlsFacts | null = null;
  /** Null once the request is gone. */
  source: BodySource | null = null;
  /** Head and target are its own. */
  #isOwn = false;

  constructor(head: Head, target: Target, plan: Plan) {
    this.head = head;
    this.target = target;
    this.plan = plan;
  }

  /** Whom it came from, and for whom that speaks. */
  from({ address, tls }: { address: string; tls: TlsFacts | null }, clientAddress: string, source: BodySource): void {
    this.clientAddress = clientAddress;
    this.peerAddress = address;
    this.tls = tls;
    this.source = source;
  }

  /** The head leaves the buffer that all connections share: it is needed beyond this turn. */
  own(): void {
    if (this.#isOwn) return;
    this.#isOwn = true;
    this.head = this.head.copy();
    this.target = this.target.copy();
  }

  get method(): string {
    return this.plan.method ?? this.head.method();
  }

  get host(): string {
    return this.target.host;
  }

  get path(): string {
    return this.plan.path ?? this.target.path;
  }

  get query(): string {
    return this.plan.query ?? this.target.query;
  }

  field(lowerName: string): string | null {
    // Only ELB says what certificate a client has shown: see the rule `tls`.
    if (lowerName.startsWith('client-cert') || lowerName.startsWith('x-client-cert')) return null;
    const guarded = this.plan.guarded(lowerName);
    return guarded === undefined ? this.head.get(lowerName) : guarded;
  }

  fieldNames(): readonly string[] {
    const names = new Set<string>();
    for (let i = 0; i < this.head.count; i++) {
      const name = this.head.name(i).toLowerCase();
      if (this.plan.guarded(name) === undefined) names.add(name);
    }
    return [...names];
  }

  body(maxBytes: number): Promise<Buffer | number> {
    return this.source === null ? Promise.resolve(Fault.CLIENT_GONE) : this.source.gather(this.head, maxBytes);
  }
  branch(to: Node, plan: Plan, bounds: BranchBounds): Promise<BranchReply> {
    if (this.source === null) return Promise.resolve({ status: 0, body: Buffer.alloc(0) });
    return this.source.branch(this, to, plan, bounds);
  }
}
