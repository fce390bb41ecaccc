import type { ServerSpec } from './upstream/server-spec.ts';

/** What the control plane tells the data plane: one item is now this. `null` removes. */
export type TableChange =
  /** `document`: JSON text of a graph that has passed its check. */
  | { readonly kind: 'domain'; readonly name: string; readonly document: string | null }
  /** `document`: JSON text of a shared graph that has passed its check. */
  | { readonly kind: 'graph'; readonly name: string; readonly document: string | null }
  /** A domain whose only document is bad: it answers a fault (a code of `Fault`). */
  | { readonly kind: 'bad-domain'; readonly name: string; readonly fault: number }
  | { readonly kind: 'upstream'; readonly name: string; readonly servers: readonly ServerSpec[] | null }
  /** `document`: JSON text of a `CertificateDocument` that has passed its check. */
  | { readonly kind: 'certificate'; readonly name: string; readonly document: string | null }
  /** `document`: JSON text of what a domain wants of TLS that has passed its check. */
  | { readonly kind: 'tls'; readonly name: string; readonly document: string | null }
  /** `document`: JSON text of `TicketSeed`s, all that are in use. */
  | { readonly kind: 'tickets'; readonly name: string; readonly document: string | null }
  /** `document`: JSON text of a `ChallengeDocument` that has passed its check. */
  | { readonly kind: 'challenge'; readonly name: string; readonly document: string | null }
  /** `document`: JSON text of an upstream's options that has passed its check; without one, the defaults hold. */
  | { readonly kind: 'options'; readonly name: string; readonly document: string | null };

/** Whether two changes of an item say the same. */
export function isSameChange(a: TableChange, b: TableChange): boolean {
  if ('document' in a && 'document' in b) return a.document === b.document;
  if (a.kind === 'upstream' && b.kind === 'upstream' && areSame(a.servers, b.servers)) return true;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether they are the very same servers: those need not be looked into. */
function areSame(servers: readonly ServerSpec[] | null, others: readonly ServerSpec[] | null): boolean {
  if (servers === null || others === null || servers.length !== others.length) return servers === others;
  return servers.every((server, i) => server === others[i]);
}

/** The change that removes the item which another one is about. */
export function removalOf({ kind, name }: TableChange): TableChange {
  switch (kind) {
    case 'upstream':
      return { kind, name, servers: null };
    case 'bad-domain':
      return { kind: 'domain', name, document: null };
    case 'domain':
    case 'graph':
    case 'options':
    case 'certificate':
    case 'tls':
    case 'challenge':
    case 'tickets':
      return { kind, name, document: null };
  }
}

export function isRemoval(change: TableChange): boolean {
  if (change.kind === 'bad-domain') return false;
  return change.kind === 'upstream' ? change.servers === null : change.document === null;
}
