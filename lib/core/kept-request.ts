/** A request that was really made, as a worker remembers it. Plain data; names as the API has them. */
export interface KeptRequest {
  /** When it had ended: milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly client: string;
  /** Empty where no domain has the host. */
  readonly domain: string;
  /** The nodes that were walked, with the edge that each of them took; null: it ended the walk. */
  readonly nodes: readonly { readonly node: string; readonly verdict: string | null }[];
  readonly upstream: string;
  /** What the cache of the upstream has come to: `HIT`, `MISS`, `EXPIRED`, `REVALIDATED`, `BYPASS`; empty where it has none. */
  readonly cache: string;
  /** `outcome`: status of the reply, or why there was none. */
  readonly tries: readonly { readonly server: string; readonly ms: number; readonly outcome: string }[];
  /** Who was tried last; null: nobody. */
  readonly server: string | null;
  readonly status: number;
  readonly ending: string;
  readonly duration_ms: number;
  readonly server_ms: number;
  readonly received_bytes: number;
  readonly sent_bytes: number;
  /** Process id. */
  readonly worker: number;
}

/** Which requests are asked for; null: whatever it is. */
export interface RequestFilter {
  readonly domain: string | null;
  /** Bounds, both included. */
  readonly status: { readonly from: number; readonly to: number } | null;
  readonly id: string | null;
  /** What the target begins with. */
  readonly path: string | null;
  readonly client: string | null;
  readonly upstream: string | null;
  /** One that was tried. */
  readonly server: string | null;
  /** One that was walked. */
  readonly node: string | null;
  readonly minMs: number | null;
  /** Only those that ended badly. */
  readonly errors: boolean;
  /** The slowest of late instead of the newest. */
  readonly slowest: boolean;
  readonly limit: number;
}

export interface KeptRequests {
  readonly requests: readonly KeptRequest[];
  /** How many a worker keeps, and of those that ended badly how many beside. */
  readonly perWorker: number;
}
