import type { TlsFacts } from '../core/tls-facts.ts';
import type { Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import type { Plan } from '../routing/plan.ts';
import type { RoutedRequest } from '../routing/rule.ts';

/** A parsed head as the nodes of a graph see it: every value is read when it is asked for. */
export class RoutedHead implements RoutedRequest {
  head: Head;
  target: Target;
  plan: Plan;
  clientAddress = '';
  peerAddress = '';
  tls: TlsFacts | null = null;

  constructor(head: Head, target: Target, plan: Plan) {
    this.head = head;
    this.target = target;
    this.plan = plan;
  }

  get method(): string {
    return this.head.method();
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
    const guarded = this.plan.guarded(lowerName);
    return guarded === undefined ? this.head.get(lowerName) : guarded;
  }
}
