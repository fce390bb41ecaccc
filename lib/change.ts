import type { GraphDocument } from './routing/rule.ts';
import type { ServerSpec } from './upstream/server-spec.ts';

/** What the control plane tells the data plane: one domain or one upstream is now this. `null` removes. */
export type TableChange =
  | { readonly kind: 'domain'; readonly name: string; readonly graph: GraphDocument | null }
  /** A domain whose only document is bad: it answers a fault (a code of `Fault`). */
  | { readonly kind: 'bad-domain'; readonly name: string; readonly fault: number }
  | { readonly kind: 'upstream'; readonly name: string; readonly servers: readonly ServerSpec[] | null };
