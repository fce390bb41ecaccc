import type { TlsFacts } from '../core/tls-facts.ts';
import type { Plan } from './plan.ts';
import type { Means } from './means.ts';

export type { Problem } from '../core/problem.ts';

/** What a node may ask of a request. Values are read lazily: an unasked field costs nothing. */
export interface RoutedRequest {
  readonly method: string;
  /** Host in lower case, without port and trailing dot. */
  readonly host: string;
  /** Path in normal form, without query, as rewritten by the nodes before. */
  readonly path: string;
  /** Query with its question mark, or an empty string. */
  readonly query: string;
  /** Address of the client: the TCP peer, or what a trusted proxy says. */
  readonly clientAddress: string;
  /** Address of the TCP peer. */
  readonly peerAddress: string;
  /** What is known of the client's TLS connection; null: in clear. */
  readonly tls: TlsFacts | null;
  /** All values of a field joined by ", ", cookies by "; ", or null; `lowerName` in lower case. */
  field(lowerName: string): string | null;
  /** Names of all fields, in lower case, each once. */
  fieldNames(): readonly string[];
  /**
   * The whole body once it has arrived, decoded from its framing, or else the code of a fault: BODY_TOO_LARGE beyond `maxBytes`,
   * OVERLOADED where a worker's memory for bodies is full, CLIENT_GONE. It is forwarded all the same. The bytes are read only, and
   * valid until the exchange is over.
   */
  body(maxBytes: number): Promise<Buffer | number>;
  /**
   * Goes on from a node as if it were a request of its own, with a plan that is a copy of this one's, and collects its reply. Never
   * rejected. The client is told nothing of it.
   */
  branch(to: Node, plan: Plan, bounds: BranchBounds): Promise<BranchReply>;
}

/** How long the reply of a branch is waited for, and most bytes of it, its head included. */
export interface BranchBounds {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** What has come of a branch; status 0: no reply, or one that was too large or too late. */
export interface BranchReply {
  readonly status: number;
  readonly body: Buffer;
}

/** One step of a graph: decides where to go next. `null` ends the walk; the plan then says what happens. */
export interface Node {
  /** Name of the rule in its document; empty for the nodes that stand for a missing edge. */
  readonly name: string;
  decide(request: RoutedRequest, plan: Plan): Node | null | Promise<Node | null>;
}

/** Decides whether a request fits. */
export type Test = (request: RoutedRequest) => boolean;

/** What the question of a rule may use. */
export interface TestContext {
  /** All rules by type: questions may be asked inside of others. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** How many questions this one stands inside of. */
  readonly depth: number;
  /** Reports a problem of the args; `at` is a JSON pointer below the args, such as `/pattern`. */
  problem(at: string, msg: string): void;
}

/** What a rule's `compile` may use. */
export interface CompileContext extends TestContext {
  /** The rule's name in its document. */
  readonly name: string;
  /** The compiled node behind an edge; the node that answers 403 where the document names none. */
  edge(edge: string): Node;
  /** The graph, as its own name says it: in keys of what is kept elsewhere. */
  readonly home: string;
  /** What a worker gives its nodes. */
  readonly means: Means;
  /**
   * State that outlives the document: it is found again by nodes with the same `kind` and `key`, in any graph, and goes with the last
   * of them; with the key null, by the node of this name in later documents of this graph. `make` starts nothing, since documents
   * are also compiled only to be checked; a state with a method `close` is told when it goes. What the args say is no part of it.
   */
  state<State extends object>(kind: string, key: string | null, make: () => State): State;
}

/**
 * A node type. `args` is a JSON schema (ajv, draft 2020-12) of the args other than edges: an object schema with a
 * `description` for each property, closed by `additionalProperties: false` unless the rule takes any arg. Each edge is one
 * more arg, which names another rule; missing or null, it answers 403. `compile` runs once per node of a document and returns
 * what the node does for each request; what it keeps from one request to the next is a `state` of its context.
 */
export interface Rule<Args = Record<string, unknown>> {
  readonly type: string;
  readonly summary: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly edges: readonly string[];
  /** Further edges of a node with these args, each as the way to its target in them: `cases/0/to`. */
  moreEdges?(args: Args): readonly string[];
  /** Names of the upstreams that a node with these args may send to; servers that are addressed directly are none. */
  upstreams?(args: Args): readonly string[];
  /** Names of the shared graphs, and of the domains, whose graphs a node with these args may go on in. */
  graphs?(args: Args): readonly string[];
  domains?(args: Args): readonly string[];
  /** The name by which templates have what a node with these args keeps of a reply. */
  asks?(args: Args): string;
  compile(args: Args, context: CompileContext): Node['decide'];
  /** Of a rule that asks one question with two answers: that question, for `all`, `any` and `not`. */
  test?(args: Args, context: TestContext): Test;
}

/** Declares a node type: one file in `rules/` each. */
export function defineRule<Args>(rule: Rule<Args>): Rule {
  // Args were checked against the rule's own schema before `compile` sees them.
  return rule as unknown as Rule;
}

/** A graph as it stands in the store. Keys beside these, in the document or in a node, are notes to people. */
export interface GraphDocument {
  readonly init: string;
  readonly rules: Readonly<Record<string, { readonly type: string; readonly args: Readonly<Record<string, unknown>> }>>;
}
