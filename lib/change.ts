import type { ServerSpec } from './upstream/server-spec.ts';

/** What the control plane tells the data plane: one domain or one upstream is now this. `null` removes. */
export type TableChange =
  /** `document`: JSON text of a graph that has passed its check. */
  | { readonly kind: 'domain'; readonly name: string; readonly document: string | null }
  /** A domain whose only document is bad: it answers a fault (a code of `Fault`). */
  | { readonly kind: 'bad-domain'; readonly name: string; readonly fault: number }
  | { readonly kind: 'upstream'; readonly name: string; readonly servers: readonly ServerSpec[] | null };

export function isRemoval(change: TableChange): boolean {
  switch (change.kind) {
    case 'domain':
      return change.document === null;
    case 'upstream':
      return change.servers === null;
    case 'bad-domain':
      return false;
  }
}
