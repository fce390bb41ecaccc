import type { Problem } from './core/problem.ts';
import type { UpstreamWork } from './core/upstream-work.ts';
import type { AnswerTo, WorkerQuery } from './core/worker-query.ts';
import type { GraphDocument } from './routing/rule.ts';

/** One server as `GET /__erulb__/upstream` shows it. */
export interface ServerView {
  /** Resolved address with port; an array where the name has several. */
  readonly addr: string | readonly string[];
  readonly name: string;
  readonly weight: number;
  readonly max_fails: number;
  /** Seconds. */
  readonly fail_timeout: number;
  readonly backup?: true;
  readonly down?: true;
  readonly max_conns?: number;
  readonly priority?: number;
  readonly drain?: true;
  readonly tags?: readonly string[];
}

/** Kinds of documents that are one JSON text each: a domain's graph, an upstream's options, a certificate with its key, what a domain wants of TLS. */
export type DocumentName = 'domain' | 'graph' | 'options' | 'certificate' | 'tls' | 'challenge';

/** What can be put on its own. */
export type ItemKind = DocumentName | 'upstream';

/** Where a mutation stands in what was sent: JSON pointer to the object that has its name as a member; missing: the whole. */
interface Placed {
  readonly in?: string;
}

/** A change an operator asks for. Documents are unchecked: they come as they were sent. */
export type Mutation = Placed & AnyMutation;

type AnyMutation =
  | { readonly kind: `put-${DocumentName}`; readonly name: string; readonly document: unknown }
  | { readonly kind: `delete-${DocumentName}`; readonly name: string }
  /** `servers`: an object of `host:port` to parameter text; replaces the upstream. */
  | { readonly kind: 'put-upstream'; readonly name: string; readonly servers: unknown }
  | { readonly kind: 'delete-upstream'; readonly name: string };

/** Who calls. */
export interface Caller {
  /** Of the TCP peer. */
  readonly address: string;
  /** Name of the token that was shown; null: none. */
  readonly token: string | null;
}

/** How a change is to be made. */
export interface ChangeTerms {
  /** What was called, for the history: `PUT domain`. */
  readonly call: string;
  readonly by: Caller;
  /** Entity tags, one of which has to be that of what is changed; null: whatever it is. */
  readonly ifMatch: readonly string[] | null;
  /** Whether it is made in memory, in the store too, or not at all and only told. */
  readonly mode: 'memory' | 'store' | 'dry-run';
  /** Nobody will want to know of it, or undo it. */
  readonly isPassing?: true;
}

/** One place where two JSON values differ. `before` is missing where nothing was, `after` where nothing is. */
export interface Difference {
  /** JSON pointer (RFC 6901) from the item. */
  readonly at: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What happens to one item. An upstream is an object of `host:port` to parameters. */
export interface ItemChange {
  readonly kind: DocumentName | 'upstream';
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly differences: readonly Difference[];
}

/** What came of a change. `changes`: what it makes of memory, or would make. */
export type Outcome =
  | { readonly kind: 'done'; readonly revision: number; readonly changes: readonly ItemChange[] }
  /** Nothing was changed. Pointers begin with the mutation's name: `/a.test/rules/r1/args/pattern`. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly changes: readonly ItemChange[] }
  /** Nothing was changed: what is there is not what the caller has seen. */
  | { readonly kind: 'conflict'; readonly revision: number; readonly tag: string };

/** One transaction that ELB made in the store. */
export interface HistoryRecord {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly by: Caller;
  /** `PUT domain`, `PUT dump`. */
  readonly call: string;
  /** Of the store. */
  readonly revision: number;
  /** Number of keys it wrote. */
  readonly keys: number;
  /** The items it changed, the first of them if they are many. */
  readonly items: readonly Pick<ItemChange, 'kind' | 'name' | 'change'>[];
  /** Whether what it changed is kept, so that it can be undone. */
  readonly kept: boolean;
}

/** What an entity tag stands for: documents of one kind, or all. */
export type Scope = DocumentName | 'upstream' | null;

/** The control plane as the admin API sees it. Implemented by `Sync`. */
export interface Control {
  /** Domains in force: the memory's view, last good versions where the newest document is bad. */
  domains(): Readonly<Record<string, GraphDocument>>;
  /** The graph of a domain as the workers have it; null: none. */
  graph(domain: string): GraphDocument | null;
  upstreams(): Readonly<Record<string, readonly ServerView[]>>;
  hasUpstream(name: string): boolean;
  /** Shared graphs in force. */
  graphs(): Readonly<Record<string, GraphDocument>>;
  hasGraph(name: string): boolean;
  /** Options of upstreams in force, as their documents say them: without defaults. */
  options(): Readonly<Record<string, unknown>>;
  hasOptions(name: string): boolean;
  /** What domains want of TLS, as their documents say it: without defaults. */
  tls(): Readonly<Record<string, unknown>>;
  hasTls(domain: string): boolean;
  /** Revision of the store that every worker serves; -1 before the first. */
  readonly revision: number;
  /** Why the store is not followed, or its newest content is not in force; null: all is well. */
  readonly trouble: string | null;
  /** Resolves with true once every worker serves `revision` or a later one, with false after `ms`. */
  served(revision: number, ms: number): Promise<boolean>;
  /** True once a first table was loaded (or a store known to be empty). */
  readonly ready: boolean;
}

/** A certificate as `GET /__erulb__/cert` shows it: without its key. */
export interface CertificateView {
  readonly names: readonly string[];
  readonly key_type: string;
  /** RFC 3339. */
  readonly not_before: string;
  readonly not_after: string;
  readonly expires_in_s: number;
  readonly issuer: string;
  readonly serial: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly source: 'store' | 'file';
}

/** The certificates in force. Implemented by `Inventory`. */
export interface CertificateControl {
  list(): Readonly<Record<string, CertificateView>>;
  /** Whether memory has a document of that name. */
  has(name: string): boolean;
  /** What puts every certificate again whose key is not sealed with the newest secret. */
  toSeal(): readonly Mutation[];
}

/** Changes on terms, as the admin API asks for them. Implemented by `Changes`. */
export interface ChangeControl {
  /** Applies all mutations, which are of one kind, or none. Throws StoreError where the store is written and cannot be. */
  make(mutations: readonly Mutation[], terms: ChangeTerms, scope: Scope): Promise<Outcome>;
  /** Makes the store equal to memory. Throws StoreError; memory is unchanged then. */
  dump(terms: ChangeTerms): Promise<Outcome>;
  /** Newest first. Throws StoreError. */
  records(): Promise<readonly HistoryRecord[]>;
  /** What a transaction changed; null: it is not known. Throws StoreError. */
  recorded(id: string): Promise<readonly ItemChange[] | null>;
  /**
   * Gives every key that was written after a transaction, or by it too, back what it held before that: in the store and in
   * memory. Null: that is not known. Throws StoreError.
   */
  rollback(id: string, isBefore: boolean, terms: ChangeTerms): Promise<Outcome | null>;
  /** The servers of every upstream with their parameters, as documents say them. */
  serverTexts(): Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Names of the documents of a kind, or of the upstreams, in the order of their characters. */
  names(kind: ItemKind): readonly string[];
  /** A document as it would be put; of an upstream its servers, with their parameters as text. Undefined: there is none. */
  item(kind: ItemKind, name: string): unknown;
  /** Entity tag of what is in memory: the same documents have the same tag, here and in any other instance. */
  tag(scope: Scope): string;
}

/** One instance, as it says of itself. */
export interface FleetMember {
  readonly id: string;
  readonly self: boolean;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** RFC 3339. */
  readonly started_at: string;
  /** Of the store, that every worker served when this was told. */
  readonly revision: number;
  /** Of what the store held then. */
  readonly hash: string;
  readonly rejected: number;
  readonly overlays: number;
  readonly ready: boolean;
  readonly reason: string | null;
  /** Whether it serves an older state of the store than another one. */
  readonly lags: boolean;
}

/** The workers, as the admin API asks them. Implemented by `Primary`. */
export interface WorkersControl {
  /** Asks those that serve, all or the oldest; answers come from those that can. */
  query<Query extends WorkerQuery>(query: Query, whom: 'all' | 'one'): Promise<readonly AnswerTo<Query>[]>;
}

/** All instances of a store. Implemented by `Fleet`. */
export interface FleetControl {
  /** In the order of their ids. Throws StoreError. */
  members(): Promise<readonly FleetMember[]>;
  /** Resolves with no id once every instance serves `revision` or a later one, with those that do not after `ms`. Throws StoreError. */
  until(revision: number, ms: number): Promise<readonly string[]>;
}

/** What every worker knows of servers at work. Implemented by `ServerBook`. */
export interface ServerControl {
  /** Asks the workers; then the upstreams of the table and servers that graphs name directly, or the upstream of that name. */
  read(upstream: string | null): Promise<Iterable<readonly [upstream: string, work: UpstreamWork]>>;
}
