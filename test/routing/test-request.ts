import type { TlsFacts } from '../../lib/core/tls-facts.ts';
import { Fault } from '../../lib/core/faults.ts';
import type { Plan } from '../../lib/routing/plan.ts';
import type { BranchReply, Node, RoutedRequest } from '../../lib/routing/rule.ts';

export interface RequestParts {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly query?: string;
  readonly clientAddress?: string;
  readonly peerAddress?: string;
  readonly tls?: TlsFacts;
  /** Values by lower-case name. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly replies?: Readonly<Record<string, readonly [status: number, body: string]>>;
}

/** A request for nodes to look at; its path follows the plan, as the port asks. */
export class TestRequest implements RoutedRequest {
  readonly host: string;
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly tls: TlsFacts | null;
  readonly #path: string;
  readonly #query: string;
  readonly #fields: ReadonlyMap<string, string>;
  readonly #plan: Plan;
  readonly #body: Buffer;
  readonly #method: string;
  readonly #replies: NonNullable<RequestParts['replies']>;
  /** Branches that were asked for. */
  readonly branches: { readonly to: string; readonly plan: Plan }[] = [];

  constructor(plan: Plan, parts: RequestParts) {
    this.#plan = plan;
    this.#replies = parts.replies ?? {};
    this.#method = parts.method ?? 'GET';
    this.host = parts.host ?? 'a.test';
    this.#query = parts.query ?? '';
    this.clientAddress = parts.clientAddress ?? '127.0.0.1';
    this.peerAddress = parts.peerAddress ?? '127.0.0.1';
    this.tls = parts.tls ?? null;
    this.#body = Buffer.from(parts.body ?? '', 'utf8');
    this.#path = parts.path ?? '/';
    this.#fields = new Map(Object.entries(parts.fields ?? {}));
  }

  get method(): string {
    return this.#plan.method ?? this.#method;
  }

  get path(): string {
    return this.#plan.path ?? this.#path;
  }

  get query(): string {
    return this.#plan.query ?? this.#query;
  }

  field(lowerName: string): string | null {
    const guarded = this.#plan.guarded(lowerName);
    return guarded === undefined ? (this.#fields.get(lowerName) ?? null) : guarded;
  }

  fieldNames(): readonly string[] {
    return [...this.#fields.keys()].filter((name) => this.#plan.guarded(name) === undefined);
  }

  async body(maxBytes: number): Promise<Buffer | number> {
    return this.#body.length > maxBytes ? Fault.BODY_TOO_LARGE : this.#body;
  }

  /** Replies of branches by the names of their first nodes; another one has none. */
  async branch(to: Node, plan: Plan): Promise<BranchReply> {
    this.branches.push({ to: to.name, plan });
    const [status = 0, body = ''] = this.#replies[to.name] ?? [];
    return { status, body: Buffer.from(body) };
  }
}
