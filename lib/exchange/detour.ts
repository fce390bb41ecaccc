import { Fault } from '../core/faults.ts';
import type { Fallback } from '../routing/fallback.ts';
import type { Mirrors } from '../routing/mirror.ts';
import type { Plan } from '../routing/plan.ts';
import { sendCopy, type Asker } from './beside.ts';
import type { Context } from './context.ts';
import type { RequestBody } from './request-body.ts';
import type { RoutedHead } from './routed-head.ts';

/** What a request keeps for ways beside the one that it goes: another one where that fails, and copies of it. Used again for others. */
export class Detour {
  /** Why the way before was left; 0 while the first one is gone. */
  failed = 0;
  /** Whether the request may be sent twice for all that the graph knows. */
  nonIdempotent = false;
  readonly #context: Context;
  readonly #body: RequestBody;
  #request: RoutedHead | null = null;
  #mirrors: Mirrors | null = null;
  #plan: Plan | null = null;

  constructor(context: Context, body: RequestBody) {
    this.#context = context;
    this.#body = body;
  }

  /** The request may be needed later. */
  keep(request: RoutedHead): void {
    request.own();
    this.#request = request;
  }

  /** The request, which goes that way now because of this fault, or (0) of a status; null: it cannot. */
  take(way: Fallback | null, fault: number): RoutedHead | null {
    if (way === null || this.#request === null) return null;
    this.failed = fault === 0 ? Fault.NOT_REPEATABLE : fault;
    this.nonIdempotent = way.terms.nonIdempotent;
    return this.#request;
  }

  /** Copies of the request, as it is planned now, are to be sent once its body is there. */
  mirror(mirrors: Mirrors, plan: Plan, asker: Asker): void {
    this.#mirrors = mirrors;
    this.#plan = plan.copy();
    this.arrived(asker);
  }

  /** Something of the body has come. */
  arrived(asker: Asker): void {
    const plan = this.#plan;
    const request = this.#request;
    if (plan === null || request === null || !this.#body.complete) return;
    for (let one = this.#mirrors; one !== null; one = one.before) {
      const body = plan.body ?? this.#body.copy(one.terms.maxBodyBytes);
      if (body !== null) sendCopy(this.#context, request, { terms: one.terms, plan, asker, body });
    }
    this.#plan = null;
  }

  reset(): void {
    this.failed = 0;
    this.nonIdempotent = false;
    this.#request = null;
    this.#mirrors = null;
    this.#plan = null;
  }
}
