import type { Problem } from './core/problem.ts';
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
}

/** Kinds of documents that are one JSON text each: a domain's graph, an upstream's options. */
export type DocumentName = 'domain' | 'options';

/** A change an operator asks for. Documents are unchecked: they come as they were sent. */
export type Mutation =
  | { readonly kind: `put-${DocumentName}`; readonly name: string; readonly document: unknown }
  | { readonly kind: `delete-${DocumentName}`; readonly name: string }
  /** `servers`: an object of `host:port` to parameter text; replaces the upstream. */
  | { readonly kind: 'put-upstream'; readonly name: string; readonly servers: unknown }
  | { readonly kind: 'delete-upstream'; readonly name: string };

/** The control plane as the admin API sees it. Implemented by `Sync`. */
export interface Control {
  /** Domains in force: the memory's view, last good versions where the newest document is bad. */
  domains(): Readonly<Record<string, GraphDocument>>;
  upstreams(): Readonly<Record<string, readonly ServerView[]>>;
  hasUpstream(name: string): boolean;
  /** Options of upstreams in force, as their documents say them: without defaults. */
  options(): Readonly<Record<string, unknown>>;
  hasOptions(name: string): boolean;
  /**
   * Applies all mutations or none. Resolves with the problems found (nothing was changed), or with an empty list once every
   * worker serves the change. Pointers begin with the mutation's name: `/a.test/rules/r1/args/pattern`.
   */
  mutate(mutations: readonly Mutation[]): Promise<readonly Problem[]>;
  /** Makes the store equal to memory. Throws StoreError if the store cannot be reached; memory is unchanged then. */
  dump(): Promise<void>;
  /** Revision of the store that every worker serves; -1 before the first. */
  readonly revision: number;
  /** Why the store is not followed, or its newest content is not in force; null: all is well. */
  readonly trouble: string | null;
  /** Resolves with true once every worker serves `revision` or a later one, with false after `ms`. */
  served(revision: number, ms: number): Promise<boolean>;
  /** True once a first table was loaded (or a store known to be empty). */
  readonly ready: boolean;
}
