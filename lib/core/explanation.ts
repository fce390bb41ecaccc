import type { ClientCertificate } from './tls-facts.ts';

/** A request that is only asked about. Plain data: it travels between processes. */
export interface ExplainRequest {
  /** Its head as it would arrive, every character one byte. */
  readonly head: string;
  /** Address that it comes from. */
  readonly client: string;
  /** Whether it comes over TLS. */
  readonly secure: boolean;
  /** What is told of that connection; null or missing: what is usual. */
  readonly tls?: AskedTls | null;
  /** Where it comes by HTTP/2: its fields, names and values in turn, pseudo-fields first. Null: by HTTP/1, as its head says. */
  readonly stream: readonly string[] | null;
}

/** A TLS connection that a request is to come over. */
export interface AskedTls {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The name that was asked for (SNI); null: that of the request's host. */
  readonly serverName: string | null;
  readonly certificate: ClientCertificate | null;
}

/** What would become of a request, as the worker that has been asked sees it. Plain data; names as the API has them. */
export interface Explanation {
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly query: string;
    readonly client: string;
    readonly head: string;
  };
  /** Name of the domain's document; null: no domain has the host, or none was looked for. */
  readonly domain: string | null;
  readonly nodes: readonly ExplainedNode[];
  /** What is asked of the server instead of what the client has asked; null: the same. */
  readonly rewrite: { readonly path: string; readonly query: string } | null;
  readonly decision: Decision;
  /** Null unless it is forwarded to one that exists. */
  readonly upstream: ExplainedUpstream | null;
  /** Address of the server it would be given to first. */
  readonly server: string | null;
  /** The head that the server would be sent. */
  readonly head: string | null;
  /** What is changed in the head of the reply. */
  readonly reply_edit: { readonly drop: readonly string[]; readonly lines: string } | null;
  /** What its reply may be compressed in for this client; null: it is not. */
  readonly compression: string | null;
  /** What would become of the requests that are made of this one for parts of its answer. */
  readonly routes: readonly ExplainedRoute[];
  /** Upstreams that are sent a copy, in the order of the walk; where only a share of requests is copied, as the lot fell this time. */
  readonly copies: readonly string[];
  /** Process id of the worker. */
  readonly worker: number;
}

/** A request that is made of another one. */
export interface ExplainedRoute {
  /** The edge that it goes on by: `routes/0/to`. */
  readonly edge: string;
  /** Without the head that it is made of. */
  readonly explanation: Explanation;
}

/** One step of the walk. */
export interface ExplainedNode {
  readonly node: string;
  /** The edge that was taken; null: it ended the walk. */
  readonly verdict: string | null;
  readonly next: string | null;
  /** What the node has asked of the request, in turn, and what it was told; null: the request has none. */
  readonly read: readonly { readonly what: string; readonly value: string | null }[];
  /** What it has changed in the plan. */
  readonly changes: readonly { readonly what: string; readonly before: unknown; readonly after: unknown }[];
  readonly ms: number;
  /** It has thrown this; null: it has not. */
  readonly failure: string | null;
}

/** How the request ends, as far as that is decided before a server is asked. */
export type Decision =
  | { readonly kind: 'forward'; readonly text: string }
  /** The graph answers by itself. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly text: string;
      readonly head: string;
      readonly body: string;
    }
  /** It is refused; `status` 0: without a word. */
  | { readonly kind: 'fault'; readonly status: number; readonly ending: string; readonly text: string }
  /** The control plane answers. */
  | { readonly kind: 'admin'; readonly text: string };

export interface ExplainedUpstream {
  readonly name: string;
  readonly balancer: string;
  /** Only servers with it are asked for. */
  readonly tag: string | null;
  /** Servers are drawn by lot: another request may get another one. */
  readonly chance: boolean;
  readonly breaker: 'closed' | 'open' | 'half-open' | null;
  readonly servers: readonly ExplainedServer[];
}

export interface ExplainedServer {
  readonly address: string;
  readonly name: string;
  readonly weight: number;
  readonly usable: boolean;
  readonly chosen: boolean;
  /** Why it is in or out, in sentences. */
  readonly why: readonly string[];
  readonly in_flight: number;
  readonly fails: number;
}
